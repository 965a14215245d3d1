/** Where UD2 stands in for what libunicorn cannot translate. */
import { describe, expect, it } from 'vitest';
import { lower } from '../../src/arb/lower.ts';
import { withoutFarBranches } from '../../src/emu/far-branches.ts';
import { drawSpec } from '../../src/fuzz/generate.ts';
import { compile } from '../../src/jit/compile.ts';

const bytes = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex.replaceAll(' ', ''), 'hex'));
/** The code in hex; `!` before it if it is not all the code was. */
const told = (text: string): string => {
  const { code, isFaithful } = withoutFarBranches(bytes(text));
  return `${isFaithful ? '' : '!'}${Buffer.from(code).toString('hex')}`;
};

function safe(code: Uint8Array, entries?: readonly number[]) {
  const { code: made, isFaithful } = withoutFarBranches(code, entries);
  return { code: made, isFaithful };
}

describe('withoutFarBranches', () => {
  // biome-ignore format: a table
  it.each([
    ['far jumps',                           '90 ff ec c3',                    '900f0bc3'],
    ['far calls with prefixes',             '90 66 41 ff d9 c3',              '9066410f0bc3'],
    ['one that only a jump reaches',        'eb 02 48 b8 ff ec 00 00 00 00 00 00 c3', 'eb0248b80f0b000000000000c3'],
    ['one behind what is no instruction',   '06 ff ec c3',                    '060f0bc3'],
    ['one at the end',                      'ff dd',                          '0f0b'],
  ])('takes out %s', (_, code, safe) => {
    expect(told(code)).toBe(safe);
  });

  it('takes out one that code goes on at after a fault', () => {
    const code = bytes('48 b8 ff ec 00 00 00 00 00 00 c3');
    expect(withoutFarBranches(code, [2])).toEqual({
      code: bytes('48b80f0b000000000000c3'),
      isFaithful: false,
    });
    expect(safe(code, [10])).toEqual({ code, isFaithful: true });
  });

  it('leaves every image of the generator alone, where such bytes end displacements', () => {
    for (let index = 0; index < 200; index++) {
      const { code } = compile(lower(drawSpec(1, index)).program).image;
      expect(safe(code)).toEqual({ code, isFaithful: true });
    }
  });

  it.each([
    ['one that jumps reach among plain ones, by rel8', 'eb 01 b8 ff ec c3', 'eb01b80f0bc3'],
    ['by rel32', 'e9 01 00 00 00 b8 ff ec c3', 'e901000000b80f0bc3'],
    ['by a conditional jump backwards', '3d ff ec 00 00 74 fa c3', '!3d0f0b000074fac3'],
  ])('takes out %s', (_, code, safe) => {
    expect(told(code)).toBe(safe);
  });

  it.each([
    ['a constant', '48 b8 ff ec ff d9 00 00 00 00 c3'],
    ['the end of a displacement and an immediate', 'c6 85 d6 fe ff ff ef c3'],
    ['the end of a constant', '48 b8 f9 e1 95 d7 e8 00 ff ec c3 49 c7 c1 9e 59 ff e9'],
    ['near calls and jumps', 'ff d0 ff e2'],
    ['far calls through memory', 'ff 18 ff 6c 24 08'],
    ['code cut off', '90 ff'],
    ['nothing', ''],
  ])('leaves %s alone', (_, text) => {
    const code = bytes(text);
    expect(safe(code)).toEqual({ code, isFaithful: true });
  });
});
