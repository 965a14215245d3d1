/** Programs with timers, as text: what tests of both sides run. */

const MAP = '0x35d180000000';

const words = (...values: readonly number[]): string =>
  Buffer.from(BigUint64Array.from(values, BigInt).buffer).toString('hex');

/** Timer i lies in the element of four words whose key is i + 1. */
export const timer = (index = 0): string => `r1 = 0x${(0x35d180000008 + 32 * index).toString(16)} ll`;

/** Gives a timer a function and starts it. */
export const arm = (callee: string, { index = 0, nsecs = 1 } = {}): string => `
  ${timer(index)}
  r2 = ${MAP} ll
  r3 = 1
  call 169
  ${timer(index)}
  r2 = ${callee} ll
  call 170
  ${start({ index, nsecs })}`;

export const start = ({ index = 0, nsecs = 1 } = {}): string => `${timer(index)}
  r2 = ${nsecs}
  r3 = 0
  call 171`;

/** Main and the function `tick`, beside others. */
export const timerText = (main: string, tick: string, others = ''): string => `
# oracle: data .data ${MAP} rw ${words(1, 0, 0, 100, 2, 0, 0, 200)}
# oracle: proto tick=u64,u64,u64
main:
  ${main}
  exit
tick:
  ${tick}
  exit
${others}
`;

/** Adds twice the key to the word behind the timer. */
export const ADD_KEY = `r4 = *(u64 *)(r2 + 0)
  r4 += r4
  r5 = *(u64 *)(r3 + 16)
  r5 += r4
  *(u64 *)(r3 + 16) = r5
  r0 = 0`;
