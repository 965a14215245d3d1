import { describe, expect, it } from 'vitest';
import { MAX_STACK_BYTES } from '../../src/bpf/calling.ts';
import {
  BASES,
  basesOf,
  derived,
  derivedFromBoth,
  FOUND,
  FP,
  hasBase,
  isExact,
  join,
  lowOf,
  moved,
  NO_BOUND,
  NONE,
  pointer,
  type Value,
  widen,
} from '../../src/jit/stack/pointer.ts';

/** `fp-8` for what is exact, `>=fp,arg1-8` for what is not. */
function text(value: Value): string {
  const bases = Array.from({ length: BASES }, (_, base) => base).filter((base) => hasBase(value, base));
  const names = bases.map((base) => (base === FP ? 'fp' : base === FOUND ? 'found' : `arg${base}`));
  const low = lowOf(value) === NO_BOUND ? '?' : `${lowOf(value) < 0 ? '' : '+'}${lowOf(value)}`;
  return `${isExact(value) ? '' : '>='}${names.join()}${low}`;
}

const fp = pointer(FP);
const arg1 = pointer(1);

describe('a pointer', () => {
  it.each([FP, 1, 12, FOUND])('to base %i is that base, exactly', (base) => {
    const value = pointer(base);
    expect([basesOf(value), lowOf(value), isExact(value)]).toEqual([1 << base, 0, true]);
    expect(hasBase(value, base)).toBe(true);
    expect(hasBase(value, (base + 1) % BASES)).toBe(false);
  });

  it('is never what NONE is', () => {
    expect([basesOf(NONE), isExact(NONE), lowOf(NONE)]).toEqual([0, false, NO_BOUND]);
  });
});

describe('moved', () => {
  const far = MAX_STACK_BYTES;

  // biome-ignore format: a table
  it.each<readonly [what: string, value: Value, want: string]>([
    ['down',                                moved(fp, -24),                  'fp-24'],
    ['down and up',                         moved(moved(fp, -24), 8),        'fp-16'],
    ['to the bottom of the deepest frame',  moved(fp, -far),                 'fp-512'],
    ['below it',                            moved(fp, -far - 1),             '>=fp?'],
    ['far below it',                        moved(fp, -far - 1000),          '>=fp?'],
    ['below it and back',                   moved(moved(fp, -far - 1), 600), '>=fp?'],
    ['up as far as is counted',             moved(fp, far - 1),              'fp+511'],
    ['above that',                          moved(fp, far),                  '>=fp+511'],
    ['far above that',                      moved(fp, 5000),                 '>=fp+511'],
    ['above that and back',                 moved(moved(fp, 5000), -511),    '>=fp+0'],
    ['where it was not exact',              moved(join(fp, arg1), -8),       '>=fp,arg1-8'],
  ])('%s', (_what, value, want) => {
    expect(text(value)).toBe(want);
  });

  it('leaves what is no pointer alone', () => {
    expect(moved(NONE, -8)).toBe(NONE);
  });
});

describe('what is made of pointers in other ways', () => {
  it('may be anywhere from their bases', () => {
    expect(text(derived(moved(fp, -8)))).toBe('>=fp?');
    expect(text(derivedFromBoth(moved(fp, -8), arg1))).toBe('>=fp,arg1?');
    expect(text(derivedFromBoth(NONE, arg1))).toBe('>=arg1?');
  });

  it('is no pointer if none went in', () => {
    expect(derived(NONE)).toBe(NONE);
    expect(derivedFromBoth(NONE, NONE)).toBe(NONE);
  });
});

describe('join', () => {
  // biome-ignore format: a table
  it.each<readonly [what: string, a: Value, b: Value, want: string]>([
    ['of a value and itself is that value',   moved(fp, -8), moved(fp, -8),   'fp-8'],
    ['of two distances is the lower one',     moved(fp, -8), moved(fp, -24),  '>=fp-24'],
    ['of two bases has both',                 moved(fp, -8), moved(arg1, 16), '>=fp,arg1-8'],
    ['with a number is no longer exact',      moved(fp, -8), NONE,            '>=fp-8'],
    ['with an unbounded value has no bound',  moved(fp, -8), derived(arg1),   '>=fp,arg1?'],
  ])('%s', (_what, a, b, want) => {
    expect([text(join(a, b)), text(join(b, a))]).toEqual([want, want]);
  });

  it('of two numbers is one', () => {
    expect(join(NONE, NONE)).toBe(NONE);
  });
});

describe('widen', () => {
  // biome-ignore format: a table
  it.each<readonly [what: string, a: Value, b: Value, want: string]>([
    ['gives up the bound of a distance that falls', moved(fp, -8),  moved(fp, -16),  '>=fp?'],
    ['keeps that of one that rises',                moved(fp, -16), moved(fp, -8),   '>=fp-16'],
    ['keeps that of one that stays',                moved(fp, -8),  moved(fp, -8),   'fp-8'],
    ['keeps that of another base at the same low',  moved(fp, -8),  moved(arg1, -8), '>=fp,arg1-8'],
    ['takes a pointer where a number was',          NONE,           moved(fp, -8),   '>=fp-8'],
    ['takes a number where a pointer was',          moved(fp, -8),  NONE,            '>=fp-8'],
  ])('%s', (_what, a, b, want) => {
    expect(text(widen(a, b))).toBe(want);
  });
});
