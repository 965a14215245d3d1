/** The validator of what other JITs say. Its 60 files are read with the first of it, not by every command. */
import { createRequire } from 'node:module';
import type { Ajv } from 'ajv';

export function newAjv(): Ajv {
  const ajv = createRequire(import.meta.url)('ajv') as typeof import('ajv');
  return new ajv.Ajv({ strict: false });
}
