/** Where a wrong value may come from: what it is like beside the right one, and who else has it. */
import { junkOrigin } from '../../core/junk.ts';
import { s32, s64, type U64, u32, u64 } from '../../core/u64.ts';
import { gprName } from '../../x86/reg.ts';

/** Farther apart than this, two values are no two places of one frame. */
const NEAR = 0x1000n;

/** In a few words; undefined if it is like nothing known. */
export function likeness(want: U64, got: U64): string | undefined {
  const origin = junkOrigin(got);
  if (origin !== undefined) return originText(origin);
  if (got === u32(want)) return 'cut to 32 bits';
  if (got === u64(s32(want))) return 'its low 32 bits, sign-extended';
  if (u32(got) === u32(want)) return 'the upper 32 bits are wrong';
  return undefined;
}

function originText(origin: NonNullable<ReturnType<typeof junkOrigin>>): string {
  switch (origin.kind) {
    case 'unwritten':
      return 'never written';
    case 'entry':
      return `${gprName(origin.gpr)}'s value on entry`;
    case 'clobbered':
      return 'left by a call';
  }
}

/** `0x8 (…), should be 0x7`; `others`: who has which value, to say of a wrong one whose it is. */
export function should(want: U64, got: U64, others: ReadonlyMap<string, U64> = new Map()): string {
  const hint = likeness(want, got) ?? ownerOf(got, others);
  return `${hexText(got)}${hint === undefined ? '' : ` (${hint})`}, should be ${hexText(want)}`;
}

/** Zero is anyone's. */
function ownerOf(value: U64, others: ReadonlyMap<string, U64>): string | undefined {
  if (value === 0n) return undefined;
  const owners = [...others].filter(([, other]) => other === value).map(([name]) => name);
  return owners.length === 1 ? `${owners[0]}'s value` : undefined;
}

/** `24 bytes too low`, of two addresses near each other; otherwise as `should`. */
export function apart(want: U64, got: U64): string {
  const by = s64(got - want);
  if (by === 0n || by > NEAR || by < -NEAR) return should(want, got);
  return `${by < 0n ? -by : by} bytes too ${by < 0n ? 'low' : 'high'}`;
}

const hexText = (value: U64): string => `0x${value.toString(16)}`;
