/** Linux's passes over the lengths of jumps, written from the kernel's side: a second opinion on src/jit/relax.ts. */
import {
  COND_JUMP,
  EXIT_JUMP,
  GOTO_JUMP,
  NO_JUMP,
  type Settled,
  settle as settleInPlace,
  type Unsettled,
} from '../../src/jit/relax.ts';
import { ScratchList } from '../../src/jit/scratch.ts';

/** A line of code: its bytes without a jump, then perhaps a jump to another line (counted from this one). */
export interface Line {
  readonly fixed: number;
  readonly jump: number;
  readonly distance: number;
  readonly slots: 1 | 2;
}

export function unsettled(lines: readonly Line[], prologueBytes: number): Unsettled {
  const count = lines.length;
  const starts = [prologueBytes];
  const firstSlots = [0];
  const jumps = new ScratchList();
  lines.forEach(({ fixed, slots, jump }, i) => {
    starts.push((starts[i] as number) + fixed);
    firstSlots.push((firstSlots[i] as number) + slots);
    if (jump !== NO_JUMP) jumps.push(i);
  });
  return {
    count,
    starts: Int32Array.from(starts),
    slots: Int32Array.from(firstSlots),
    jump: Uint8Array.from(lines, ({ jump }) => jump),
    jumps,
    target: Int32Array.from(lines, ({ distance }, i) => (((i + distance) % count) + count) % count),
    epilogue: lines.findIndex(({ jump }) => jump === NO_JUMP),
  };
}

/** Bytes of an entry without its jump. */
export const fixedOf = ({ starts }: Unsettled, i: number): number =>
  (starts[i + 1] as number) - (starts[i] as number);

/** With addresses that stay, and are no more than there are. */
export function settle(each: Unsettled, distanceOf?: Parameters<typeof settleInPlace>[1]): Settled {
  const { addrs, passes } = settleInPlace(each, distanceOf);
  return { addrs: addrs.slice(0, each.count + 1), passes };
}

/** Where a jump goes, and what it needs to get there, from the final addresses alone. */
function needed({ jump, target, epilogue }: Unsettled, addrs: Int32Array, i: number): number {
  const kind = jump[i];
  if (kind === NO_JUMP) return 0;
  const to = kind === EXIT_JUMP ? epilogue : (target[i] as number);
  if (kind === GOTO_JUMP && to === i) return 2;
  const d = (addrs[to] as number) - (addrs[i + 1] as number);
  if (kind === GOTO_JUMP && d === 0) return 0;
  if (d >= -128 && d <= 123) return 2;
  return kind === COND_JUMP ? 6 : 5;
}

/** Slack of each entry over what its jump needs: bytes of nops. */
export function slacks(each: Unsettled, { addrs }: Settled): number[] {
  return Array.from({ length: each.count }, (_, i) => {
    return (addrs[i + 1] as number) - (addrs[i] as number) - fixedOf(each, i) - needed(each, addrs, i);
  });
}

/**
 * The passes as bpf_int_jit_compile() and do_jit() make them: addresses by slot, padding from the difference of
 * the table's entries. Undefined where the kernel gives up: more than 20 passes, or padding it does not expect.
 */
export function kernel(
  each: Unsettled,
): { readonly addrs: readonly number[]; readonly history: number[][] } | undefined {
  const firstSlot = Array.from(each.slots, (before) => before + 1);
  const length = firstSlot[each.count] as number;
  const addrs = Array.from({ length }, (_, slot) => 64 * (slot + 1));
  const endOf = (i: number): number => (firstSlot[i + 1] as number) - 1;
  let cleanup = 64 * length;
  let old = 0;
  const history: number[][] = [];
  for (let pass = 0; pass < 20; pass++) {
    const lengths: number[] = [];
    let proglen = each.starts[0] as number;
    addrs[0] = proglen;
    for (let i = 0; i < each.count; i++) {
      const kind = each.jump[i];
      const fixed = fixedOf(each, i);
      let size = fixed;
      if (i === each.epilogue) cleanup = proglen;
      if (kind !== NO_JUMP) {
        const end = addrs[endOf(i)] as number;
        const to = each.target[i] as number;
        let d = kind === EXIT_JUMP ? cleanup - end : (addrs[(firstSlot[to] as number) - 1] as number) - end;
        if (kind === GOTO_JUMP && to === i) d = -2;
        const bytes =
          kind === GOTO_JUMP && d === 0 ? 0 : d >= -128 && d <= 123 ? 2 : kind === COND_JUMP ? 6 : 5;
        const nops = pass >= 15 && bytes < 5 ? end - proglen - fixed - bytes : 0;
        if (nops < 0 || nops > 5) return undefined;
        size += bytes + nops;
      }
      proglen += size;
      lengths.push(size);
      addrs[endOf(i)] = proglen;
    }
    history.push(lengths);
    if (proglen === old)
      return {
        addrs: [addrs[0] as number, ...firstSlot.slice(1).map((s) => addrs[s - 1] as number)],
        history,
      };
    old = proglen;
  }
  return undefined;
}
