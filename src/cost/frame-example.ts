/** A program whose second function has everything a frame can hold: what the pictures of frames are drawn of. */
import { assemble } from '../bpf/asm.ts';
import { buildProgram, type Program } from '../bpf/program.ts';

/** Index of that function. */
export const PICTURED_SUBPROG = 1;
const ARGS = 8;

const SOURCE = `
main:
  r1 = 1
  r2 = 2
  r3 = 3
  r4 = 4
  r5 = 5
  *(u64 *)(r11 - 8) = 6
  *(u64 *)(r11 - 16) = 7
  *(u64 *)(r11 - 24) = 8
  call middle
  exit
middle:
  r6 = *(u64 *)(r11 + 8)
  r7 = *(u64 *)(r11 + 24)
  *(u64 *)(r10 - 8) = r1
  *(u64 *)(r10 - 16) = r2
  *(u64 *)(r11 - 8) = r7
  *(u64 *)(r11 - 16) = r6
  *(u64 *)(r11 - 24) = r6
  call callee
  exit
`;

/** `middle` takes eight arguments and passes eight, has 16 bytes of BPF stack and uses r6 and r7. */
export function frameExample(): Program {
  const { insns, functionNames } = assemble(SOURCE);
  return buildProgram(insns, {
    name: 'frame example',
    functionNames,
    functionArgs: new Map([...functionNames.keys()].map((start) => [start, start === 0 ? 2 : ARGS])),
    callees: [{ kind: 'kfunc', id: 1, name: 'callee', args: ARGS }],
  });
}
