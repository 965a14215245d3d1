/** Findings of the linter in documents, to be read back. */
import * as v from 'valibot';
import { RULES } from '../../lint/rules.ts';
import type { JsonLintFinding } from '../lint-json.ts';
import { natural } from './parts.ts';

const branch = v.looseObject({ pc: natural, insn: v.string(), taken: v.boolean() });

const stretch = v.looseObject({
  function: v.string(),
  from: v.nullable(natural),
  branches: v.array(branch),
  to: natural,
});

export const lintFinding = v.looseObject({
  rule: v.picklist(RULES.map(({ id }) => id)),
  scope: v.picklist(['contract', 'general']),
  message: v.string(),
  source: v.string(),
  pc: natural,
  insn: v.nullable(v.string()),
  path: v.array(stretch),
}) satisfies v.GenericSchema<unknown, JsonLintFinding>;
