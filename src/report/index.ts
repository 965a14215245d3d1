/** Reporters by name. */
import { jsonReport } from './json.ts';
import type { Reporter } from './reporter.ts';
import { textReport } from './text.ts';

export const REPORTERS = { text: textReport, json: jsonReport } as const satisfies Record<string, Reporter>;

export type ReporterName = keyof typeof REPORTERS;
