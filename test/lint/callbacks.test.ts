import { describe, expect, it } from 'vitest';
import { findingsIn, linesOf } from './kit.ts';

/** Linux: a callback that is called at once lies on the stack of its caller, one that is called later does not. */
const callbackOf = (helper: number, more = ''): string =>
  `main:\n*(u64 *)(r10 - 400) = 0\nr2 = callback ll\ncall ${helper}\nr0 = 0\nexit
callback:\n*(u64 *)(r10 - 200) = 0\n${more}r0 = 0\nexit\n`;

describe('the stack of callbacks', () => {
  it('is on top of its caller, called at once (bpf_loop)', () => {
    expect(linesOf(findingsIn(callbackOf(181)))).toEqual([
      '1: combined stack size of 2 calls is 608. Too large',
    ]);
  });

  it('is its own, called later (bpf_timer_set_callback)', () => {
    expect(findingsIn(callbackOf(170))).toEqual([]);
  });

  it('is its own, where a timer sets its callback again', () => {
    expect(findingsIn(callbackOf(170, 'r2 = callback ll\ncall 170\n'))).toEqual([]);
  });

  it('has a limit, too', () => {
    const deep = 'call leaf\nr0 = 0\nexit\nleaf:\n*(u64 *)(r10 - 400) = 0\n';
    expect(linesOf(findingsIn(callbackOf(170, deep)))).toEqual([
      '7: combined stack size of 2 calls is 608. Too large',
    ]);
  });
});
