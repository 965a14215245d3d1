/** Programs with tail calls, as text: what tests of both sides run. */
import { load } from '../../src/bpf/load.ts';
import type { Program } from '../../src/bpf/program.ts';

/** Reads assembler text with `# oracle:` lines. */
export const programOf = (text: string, fileName = 'tail-calls.s'): Program =>
  load(Buffer.from(text), { fileName }).program;

/** Instructions of a tail call of `jumps`, the first array. */
export const tailCall = (index: number | string): string => `
  r2 = 0x3a4080000000 ll
  ${typeof index === 'number' ? `r3 = ${index}` : index}
  call 12`;

/** A program that counts in the context and calls itself again. */
export const AGAIN = `
.type again, @function
again:
  r6 = r1
  r0 = *(u64 *)(r1 + 0)
  r0 += 1
  *(u64 *)(r1 + 0) = r0
  ${tailCall(0)}
  r0 = *(u64 *)(r6 + 0)
  exit
`;

/** main → function → again …: what was counted below the function is counted; `stack` bytes are used in each. */
export const throughFunction = (stack = 0, args = ''): string => `
# oracle: prog-array jumps again,-
main:
  r6 = r1
  ${stack === 0 ? '' : `*(u64 *)(r10 - ${stack}) = 1`}
  ${args}
  call step
  r7 = r0
  r1 = r6
  call step
  r0 <<= 8
  r0 += r7
  exit
step:
  r6 = 5
  r7 = 6
  ${stack === 0 ? '' : `*(u64 *)(r10 - ${stack}) = 1`}
  ${tailCall(0)}
  r0 = 99
  exit
${AGAIN}`;

/** A function whose successor calls a function itself. */
export const CALLS_AFTERWARDS = `
# oracle: prog-array jumps next
main:
  call step
  exit
step:
  r6 = 1
  *(u64 *)(r10 - 24) = r6
  ${tailCall(0)}
  r0 = 99
  exit
.type next, @function
next:
  r7 = 2
  call leaf
  r0 += r7
  exit
leaf:
  r0 = 3
  *(u64 *)(r10 - 8) = r0
  exit
`;

/** Tail calls that go on behind themselves: an index past the end, an empty slot; and one with a wide index. */
export const FALLS_THROUGH = `
# oracle: prog-array jumps last,-
main:
  r6 = r1
  ${tailCall(2)}
  r1 = r6
  ${tailCall(1)}
  r1 = r6
  ${tailCall('r3 = 0x700000000 ll')}
  r0 = 1
  exit
.type last, @function
last:
  r0 = 2
  exit
`;

/** An empty slot, 40 times: none of them counts, so that the last tail call goes on. */
export const EMPTY_MANY_TIMES = `
# oracle: prog-array jumps last,-
main:
  *(u64 *)(r10 - 8) = 1
  r6 = r1
  r7 = 40
again:
  r1 = r6
  ${tailCall(1)}
  r7 -= 1
  if r7 != 0 goto again
  r1 = r6
  ${tailCall(0)}
  r0 = 1
  exit
.type last, @function
last:
  r0 = 2
  exit
`;

/** A main that goes on in one of two programs, by an index that `index` puts into r3. */
const chosen = (index: string): string => `
# oracle: prog-array jumps first,second
main:
  ${tailCall(index)}
  r0 = 3
  exit
.type first, @function
first:
  r0 = 1
  exit
.type second, @function
second:
  r0 = 2
  exit
`;

/** Indices that are set far from the call; the context's first word is 0. */
export const FROM_AFAR: readonly string[] = [
  'r3 = 1\n  r0 = *(u64 *)(r1 + 0)\n  if r0 == 0 goto +1\n  r0 = 1',
  'r3 = 1\n  r0 = *(u64 *)(r1 + 0)\n  if r0 == 0 goto +1\n  r3 = 0',
  'r3 = *(u64 *)(r1 + 0)\n  if r3 == 1 goto +1',
  '*(u64 *)(r10 - 8) = 1\n  r3 = *(u64 *)(r10 - 8)',
  '*(u64 *)(r10 - 8) = 1\n  *(u8 *)(r10 - 8) = 0\n  r3 = *(u64 *)(r10 - 8)',
].map(chosen);

/** The same, with indices that nobody knows to be constants: the second word of the context is 0. */
export const indirect = (text: string): string =>
  text.replaceAll(/r3 = (\d+)$/gm, 'r3 = *(u64 *)(r1 + 8)\n  r3 += $1');

const DIRECT: readonly string[] = [
  throughFunction(),
  throughFunction(40),
  CALLS_AFTERWARDS,
  FALLS_THROUGH,
  EMPTY_MANY_TIMES,
];

export const TAIL_CALL_PROGRAMS: readonly string[] = [...DIRECT, ...DIRECT.map(indirect), ...FROM_AFAR];

/** Context for all of them: one counter. */
export const COUNTER = new Uint8Array(16);
