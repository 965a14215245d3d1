/** Images made by hand, and a runner for them: what the tests of src/emu/run-image.ts share. */
import { afterAll, expect } from 'vitest';
import { type CalleeModel, calleeKey, type Env } from '../../src/core/env.ts';
import type { CalleeRef, Execution } from '../../src/core/execution.ts';
import type { ArgPlace, Image } from '../../src/core/image.ts';
import { CALLEE_BASE, CODE_BASE, ENTRY_RSP } from '../../src/core/layout.ts';
import { ImageRunner, type NativeSubject, type RunImageOptions } from '../../src/emu/run-image.ts';
import { openUnicorn } from '../../src/emu/unicorn.ts';

const runner = new ImageRunner(openUnicorn());
afterAll(() => runner.close());

/** Lines `hex | assembly`, and {call:ADDRESS} for a call of an absolute address. */
function assemble(lines: readonly string[]): Uint8Array {
  const bytes: number[] = [];
  for (const line of lines) {
    const [hex = ''] = line.split('|');
    const call = /\{call:(0x[0-9a-f]+)\}/.exec(hex);
    if (call?.[1] === undefined)
      for (const byte of Buffer.from(hex.replaceAll(' ', ''), 'hex')) bytes.push(byte);
    else {
      const rel = Buffer.alloc(4);
      rel.writeInt32LE(Number(BigInt(call[1]) - CODE_BASE) - bytes.length - 5);
      bytes.push(0xe8, ...rel);
    }
  }
  return Uint8Array.from(bytes);
}

const REG_PLACES: readonly ArgPlace[] = [7, 6, 2, 1, 8, 9].map((reg) => ({ in: 'reg', reg }));
const PLACES: readonly ArgPlace[] = [
  ...REG_PLACES,
  ...Array.from({ length: 6 }, (_, index): ArgPlace => ({ in: 'stack', index })),
];

export const imageOf = (lines: readonly string[], parts: Partial<Image> = {}): Image => ({
  jit: 'by hand',
  code: assemble(lines),
  base: CODE_BASE,
  entry: 0,
  subprogEntries: [0],
  regs: [0, 7, 6, 2, 1, 8, 3, 13, 14, 15, 5],
  args: { bpf: PLACES, native: PLACES },
  ...parts,
});

export const KFUNC: CalleeRef = { kind: 'kfunc', id: 7 };
export const subjectOf = (parts: Partial<NativeSubject> = {}): NativeSubject => ({
  subprogs: [{ args: 2 }, { args: 12 }],
  callees: [{ ref: KFUNC, args: 12, address: CALLEE_BASE }],
  data: [],
  ...parts,
});

interface Setting {
  readonly memory?: readonly number[];
  readonly model?: CalleeModel;
  readonly subject?: NativeSubject;
  readonly options?: Partial<RunImageOptions>;
}

export function run(image: Image, setting: Setting = {}): Execution {
  const env: Env = {
    input: { memory: Uint8Array.from(setting.memory ?? []) },
    models: new Map(setting.model === undefined ? [] : [[calleeKey(KFUNC), setting.model]]),
    insnLimit: 1000,
  };
  const options = { fuel: 10_000, stackBytes: true, ...setting.options };
  return runner.run(image, setting.subject ?? subjectOf(), env, options);
}

export const GOOD = imageOf(['b8 07 00 00 00 | mov eax, 7', 'c3 | ret']);

/** Nothing of the run before is left. */
export function expectGoodCase(): void {
  expect(run(GOOD)).toEqual({
    outcome: { kind: 'exit', r0: 7n },
    memory: new Uint8Array(0),
    data: [],
    trace: {
      events: [{ kind: 'return', subprog: 0, result: 7n, regs: null, stack: null }],
      total: 1,
    },
    insns: null,
    breaches: [],
  });
}

/** Passes 1..12 in rdi.. r9 and on the stack; `target` is called with rsp at argument 7. */
export const twelveArgs = (call: string): readonly string[] => [
  '55                          | push rbp',
  '48 89 e5                    | mov rbp, rsp',
  '48 83 ec 10                 | sub rsp, 16',
  '53                          | push rbx',
  '48 83 ec 30                 | sub rsp, 48',
  'bb 66 00 00 00              | mov ebx, 0x66',
  '48 c7 45 f8 34 12 00 00     | mov qword [rbp - 8], 0x1234',
  'bf 01 00 00 00              | mov edi, 1',
  'be 02 00 00 00              | mov esi, 2',
  'ba 03 00 00 00              | mov edx, 3',
  'b9 04 00 00 00              | mov ecx, 4',
  '41 b8 05 00 00 00           | mov r8d, 5',
  '41 b9 06 00 00 00           | mov r9d, 6',
  '48 c7 04 24 07 00 00 00     | mov qword [rsp], 7',
  '48 c7 44 24 08 08 00 00 00  | mov qword [rsp + 8], 8',
  '48 c7 44 24 10 09 00 00 00  | mov qword [rsp + 16], 9',
  '48 c7 44 24 18 0a 00 00 00  | mov qword [rsp + 24], 10',
  '48 c7 44 24 20 0b 00 00 00  | mov qword [rsp + 32], 11',
  '48 c7 44 24 28 0c 00 00 00  | mov qword [rsp + 40], 12',
  call,
  '48 01 d8                    | add rax, rbx',
  '48 83 c4 30                 | add rsp, 48',
  '5b                          | pop rbx',
  'c9                          | leave',
  'c3                          | ret',
];
export const RETURN_OFFSET = 0x74;
export const SUB_OFFSET = 0x7e;
const CALL_SUB = '{call:0x4000007e}';
export const CALL_KFUNC = '{call:0x50000000}';
export const TWELVE = Array.from({ length: 12 }, (_, i) => BigInt(i + 1));
export const MAIN_FP = ENTRY_RSP - 16n;
export const FRAMES = [
  { stackDepth: 16, bytes: 72, saved: [3], outgoing: 48 },
  { stackDepth: 8, bytes: 8, saved: [], outgoing: 0 },
];

/** main: twelveArgs; subprog 1: the lines. */
export const caller = (callee: readonly string[]): Image =>
  imageOf([...twelveArgs(CALL_SUB), ...callee], {
    subprogEntries: [0, SUB_OFFSET],
    callSites: [{ pc: 9, returnOffset: RETURN_OFFSET, callee: { kind: 'bpf', id: 1 } }],
    frames: FRAMES,
  });

export const stackWords = (execution: Execution, index: number): unknown => {
  const stack = execution.trace.events[index]?.stack;
  if (stack === null || stack === undefined) return stack;
  const words = new BigUint64Array(stack.bytes.slice().buffer);
  return [stack.address, ...words];
};
