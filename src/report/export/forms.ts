/** The forms a case can be exported to. */
import { asmExport } from './asm.ts';
import { cArrayExport, hexExport } from './bare.ts';
import { dataExport } from './data.ts';
import { jitedExport } from './jited.ts';
import { selftestExport } from './selftest/selftest.ts';
import type { Exporter } from './subject.ts';

export const EXPORTERS = {
  data: dataExport,
  asm: asmExport,
  hex: hexExport,
  'c-array': cArrayExport,
  selftest: selftestExport,
  jited: jitedExport,
} as const satisfies Readonly<Record<string, Exporter>>;

export type ExportForm = keyof typeof EXPORTERS;
