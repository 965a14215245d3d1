/** Programs whose functions helpers call, as text: what tests of both sides run. */
import { load } from '../../src/bpf/load.ts';
import type { Program } from '../../src/bpf/program.ts';

/** Reads assembler text with `# oracle:` lines. */
export const programOf = (text: string): Program =>
  load(Buffer.from(text), { fileName: 'callbacks.s' }).program;

/** Calls `each` by bpf_loop: main counts in the context, r6 and the result. */
export const loop = (each: string, count: number | string = 5, flags: number | string = 0): string => `
# oracle: proto each=u64,u64
main:
  r6 = 1000
  *(u64 *)(r10 - 8) = 0
  r1 = ${count}
  r2 = each ll
  r3 = r10
  r3 += -8
  r4 = ${flags}
  call 181
  r0 += r6
  r1 = *(u64 *)(r10 - 8)
  r1 <<= 16
  r0 += r1
  exit
each:
  ${each}
  exit
`;

/** Adds the index to the context. */
export const ADD_INDEX = 'r3 = *(u64 *)(r2 + 0)\n  r3 += r1\n  *(u64 *)(r2 + 0) = r3\n  r0 = 0';

/** Adds key times value to the context, for each element; stops behind key `last`. */
export const forEach = (last: number, map = '0x35d180000000', flags = 0): string => `
# oracle: data .data 0x35d180000000 rw 01000000000000000a0000000000000002000000000000000b00000000000000030000000000000000
# oracle: proto visit=u64,u64,u64,u64
main:
  *(u64 *)(r10 - 8) = 0
  r1 = ${map} ll
  r2 = visit ll
  r3 = r10
  r3 += -8
  r4 = ${flags}
  call 164
  r1 = *(u64 *)(r10 - 8)
  r1 <<= 16
  r0 += r1
  exit
visit:
  r5 = *(u64 *)(r2 + 0)
  r0 = *(u64 *)(r3 + 0)
  r0 *= r5
  r1 = *(u64 *)(r4 + 0)
  r1 += r0
  *(u64 *)(r4 + 0) = r1
  r0 = 0
  if r5 != ${last} goto +1
  r0 = 1
  exit
`;

/** A callback that has another one called, and so on: `depth` frames below main. */
export function nested(depth: number): string {
  const names = Array.from({ length: depth }, (_, i) => `f${i}`);
  const call = (to: string): string => `r1 = 1\n  r2 = ${to} ll\n  r3 = 0\n  r4 = 0\n  call 181`;
  const protos = names.map((name) => `# oracle: proto ${name}=u64,u64`).join('\n');
  const functions = names.map(
    (name, i) => `${name}:\n  ${i + 1 < depth ? call(`f${i + 1}`) : 'r0 = 0'}\n  r0 = 0\n  exit`,
  );
  return `${protos}\nmain:\n  ${call('f0')}\n  exit\n${functions.join('\n')}\n`;
}
