/** Programs that throw, as text: what tests of both sides run. */

/** Main has two arguments of eight on its stack when a function throws; the callback is its own. */
export const THROWS_BELOW = `
# oracle: exception-callback caught
# oracle: proto eight=8
main:
  r6 = 1
  *(u64 *)(r10 - 8) = r6
  r1 = 1
  r2 = 2
  r3 = 3
  r4 = 4
  r5 = 5
  *(u64 *)(r11 - 8) = 6
  *(u64 *)(r11 - 16) = 7
  *(u64 *)(r11 - 24) = 8
  call eight
  r0 = 77
  exit
eight:
  r1 = *(u64 *)(r11 + 24)
  r1 += 4
  call bpf_throw
  r0 = 1
  exit
.type caught, @function
caught:
  r7 = r1
  *(u64 *)(r10 - 16) = r7
  r0 = r7
  r0 += 100
  exit
`;
export const THROWN = 112n;

/** From main itself, with the default callback. */
export const THROWS_IN_MAIN = `
main:
  r1 = 5
  call bpf_throw
  r0 = 77
  exit
`;

/** A function throws a cookie and \`body\` is what comes before it. */
export const throwing = (body: string, callback = ''): string => `
${callback === '' ? '' : '# oracle: exception-callback caught\n'}
main:
  ${body}
  call bpf_throw
  r0 = 0
  exit
${callback}`;
