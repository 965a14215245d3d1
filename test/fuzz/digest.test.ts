/** What a case's digest depends on: cases of one digest are not run twice when shrinking. */
import { expect, it } from 'vitest';
import type { Callee, Program } from '../../src/bpf/program.ts';
import { buildProgram } from '../../src/bpf/program.ts';
import { parseSignature } from '../../src/bpf/proto.ts';
import { type DigestedCase, digestOf } from '../../src/fuzz/digest.ts';

const signature = (text: string) => parseSignature(text, 'here')?.[1];

function caseOf(proto: string | undefined, changes: Partial<DigestedCase> = {}): DigestedCase {
  const told = proto === undefined ? undefined : signature(proto);
  const kfunc: Callee = {
    kind: 'kfunc',
    id: 1,
    name: 'f',
    args: 3,
    ...(told === undefined ? {} : { signature: told }),
  };
  const program: Program = buildProgram(
    [{ kind: 'call', target: 'kfunc', imm: 1, off: 0 }, { kind: 'exit' }],
    { callees: [kfunc] },
  );
  return { program, input: { memory: new Uint8Array(8) }, ...changes };
}

it('depends on all that a run depends on', () => {
  const cases = [
    caseOf(undefined),
    caseOf('f=struct16,u64'),
    caseOf('f=u64,struct16'),
    caseOf('f=u128,u64'),
    caseOf('f=u128,u64:u128'),
    caseOf(undefined, { jit: { endbr: true } }),
    caseOf(undefined, { jit: { blinding: 1 } }),
    caseOf(undefined, { jit: { blinding: 2 } }),
    caseOf(undefined, { input: { memory: new Uint8Array(16) } }),
  ];
  expect(new Set(cases.map(digestOf)).size).toBe(cases.length);
  expect(digestOf(caseOf('f=u128,u64'))).toBe(digestOf(caseOf('f=u128,u64')));
});
