/** Jump lengths settle, and every jump lands where it should. */
import { createRequire } from 'node:module';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Insn } from '../src/bpf/insn.ts';
import { CODE_BASE } from '../src/core/layout.ts';
import { type CompiledSubprog, compile } from '../src/jit/compile.ts';
import {
  COND_JUMP,
  EXIT_JUMP,
  GOTO_JUMP,
  NO_JUMP,
  type Settled,
  settle,
  type Unsettled,
} from '../src/jit/relax.ts';
import { type NativeEntry, nativeEntries } from '../test/jit/entries.ts';
import { add, alu, exit, ja, jcc, lddw, link, mov } from '../test/kit/insns.ts';

const iced = createRequire(import.meta.url)('iced-x86') as typeof import('iced-x86');

const OPTIONS = { seed: 20, numRuns: 2_000 };

/** A line of code: its bytes without a jump, then perhaps a jump to another line (counted from this one). */
interface Line {
  readonly fixed: number;
  readonly jump: number;
  readonly distance: number;
  readonly slots: 1 | 2;
}

function unsettled(lines: readonly Line[], prologueBytes: number): Unsettled {
  const count = lines.length;
  return {
    count,
    prologueBytes,
    fixed: Int32Array.from(lines, ({ fixed }) => fixed),
    jump: Uint8Array.from(lines, ({ jump }) => jump),
    target: Int32Array.from(lines, ({ distance }, i) => (((i + distance) % count) + count) % count),
    slots: Uint8Array.from(lines, ({ slots }) => slots),
    epilogue: lines.findIndex(({ jump }) => jump === NO_JUMP),
  };
}

/** Distances near the limits of rel8, both ways: 7 lines of 17 bytes are 119, 8 of 16 are 128. */
const line: fc.Arbitrary<Line> = fc.record({
  fixed: fc.constantFrom(0, 2, 3, 4, 5, 7, 10, 16, 17, 23),
  jump: fc.constantFrom(NO_JUMP, NO_JUMP, NO_JUMP, COND_JUMP, COND_JUMP, GOTO_JUMP, EXIT_JUMP),
  distance: fc.integer({ min: -14, max: 16 }),
  slots: fc.constantFrom<1 | 2>(1, 1, 1, 2),
});
const code: fc.Arbitrary<Unsettled> = fc
  .tuple(fc.array(line, { minLength: 1, maxLength: 120 }), fc.integer({ min: 12, max: 60 }))
  .map(([lines, prologue]) =>
    unsettled([{ fixed: 2, jump: NO_JUMP, distance: 0, slots: 1 }, ...lines], prologue),
  );

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
function slacks(each: Unsettled, { addrs }: Settled): number[] {
  return Array.from(each.fixed, (fixed, i) => {
    return (addrs[i + 1] as number) - (addrs[i] as number) - fixed - needed(each, addrs, i);
  });
}

/**
 * The passes as bpf_int_jit_compile() and do_jit() make them: addresses by slot, padding from the difference of
 * the table's entries. Undefined where the kernel gives up: more than 20 passes, or padding it does not expect.
 */
function kernel(
  each: Unsettled,
): { readonly addrs: readonly number[]; readonly history: number[][] } | undefined {
  const firstSlot = [1];
  for (let i = 0; i < each.count; i++) firstSlot.push((firstSlot[i] as number) + (each.slots[i] as number));
  const length = firstSlot[each.count] as number;
  const addrs = Array.from({ length }, (_, slot) => 64 * (slot + 1));
  const endOf = (i: number): number => (firstSlot[i + 1] as number) - 1;
  let cleanup = 64 * length;
  let old = 0;
  const history: number[][] = [];
  for (let pass = 0; pass < 20; pass++) {
    const lengths: number[] = [];
    let proglen = each.prologueBytes;
    addrs[0] = proglen;
    for (let i = 0; i < each.count; i++) {
      const kind = each.jump[i];
      const fixed = each.fixed[i] as number;
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

describe('settle', () => {
  it('ends at addresses that agree with the lengths they imply', () => {
    fc.assert(
      fc.property(code, (each) => {
        const settled = settle(each);
        expect(settled.addrs[0]).toBe(each.prologueBytes);
        const slack = slacks(each, settled);
        expect(slack.every((bytes) => bytes >= 0)).toBe(true);
        // Before pass 15 nothing is padded.
        if (settled.passes <= 15) expect(slack.every((bytes) => bytes === 0)).toBe(true);
        expect(slack.every((bytes, i) => bytes === 0 || each.jump[i] !== NO_JUMP)).toBe(true);
        expect(settled.passes).toBeLessThanOrEqual(20);
      }),
      OPTIONS,
    );
  });

  it('gives the addresses Linux gives, where Linux does not give up', () => {
    let compared = 0;
    fc.assert(
      fc.property(code, (each) => {
        const want = kernel(each);
        if (want === undefined) return;
        compared++;
        expect([...settle(each).addrs]).toEqual(want.addrs);
      }),
      OPTIONS,
    );
    expect(compared).toBeGreaterThan(1_900);
  });

  it.each([10, 20, 1_000])('stops a chain of %i jumps, each waiting for the next, by padding', (links) => {
    // Each jump covers 124 bytes while the next one is long, and 120 once it is short: one gives way a pass.
    const lines: Line[] = [];
    for (let k = 0; k < links; k++) {
      lines.push({ fixed: 2, jump: COND_JUMP, distance: 2, slots: 1 });
      lines.push({ fixed: 116, jump: NO_JUMP, distance: 0, slots: 1 });
    }
    lines.push({ fixed: 2, jump: NO_JUMP, distance: 0, slots: 1 });
    const each = unsettled(lines, 12);
    // Jump k goes behind jump k + 1.
    for (let k = 0; k < links; k++) each.target[2 * k] = Math.min(2 * k + 3, lines.length - 1);
    const settled = settle(each);
    const want = kernel(each);
    expect(settled.passes).toBeLessThanOrEqual(18);
    if (want !== undefined) {
      expect([...settled.addrs]).toEqual(want.addrs);
      // From pass 15 on nothing shrinks.
      for (let pass = 16; pass < want.history.length; pass++) {
        want.history[pass]?.forEach((length, i) => {
          expect(length).toBeGreaterThanOrEqual(want.history[pass - 1]?.[i] ?? 0);
        });
      }
    }
    const padded = slacks(each, settled).filter((bytes) => bytes > 0);
    expect(padded.length > 0).toBe(links > 15);
    expect(new Set(padded)).toEqual(new Set(links > 15 ? [4] : []));
  });

  it.each([1_000, 10_000, 200_000])('takes no more passes for %i entries', (count) => {
    const random = fc
      .sample(fc.array(line, { minLength: 500, maxLength: 500 }), { seed: 5, numRuns: 8 })
      .flat();
    const each = unsettled(
      Array.from({ length: count }, (_, i) => random[(i * 7) % random.length] as Line),
      12,
    );
    expect(settle(each).passes).toBeLessThanOrEqual(20);
  });
});

/** Filler of so many bytes: 10, 5, 4, 3, 2. */
function filler(bytes: number): Insn[] {
  const insns: Insn[] = [];
  let left = bytes;
  for (; left >= 12; left -= 10) insns.push(lddw('r1', 0x1234_5678_9abc_def0n));
  if (left >= 7) {
    insns.push(mov('r1', 1));
    left -= 5;
  }
  if (left === 6) insns.push(mov('r1', 'r2'), mov('r2', 'r1'));
  if (left === 5) insns.push(mov('r1', 1));
  if (left === 4) insns.push(add('r1', 1));
  if (left === 3) insns.push(mov('r1', 'r2'));
  if (left === 2) insns.push(alu(32, 'mov', 'r1', 0));
  return insns;
}

interface Segment {
  readonly bytes: number;
  readonly kind: 'jcc' | 'ja' | 'exit';
  /** Segments to go, from this one. */
  readonly to: number;
}

/** Segments of filler, each with a jump at its end: to a near segment's start, or two away. */
const segment: fc.Arbitrary<Segment> = fc.record({
  bytes: fc.oneof(
    fc.integer({ min: 50, max: 66 }),
    fc.integer({ min: 112, max: 134 }),
    fc.integer({ min: 2, max: 20 }),
  ),
  kind: fc.constantFrom('jcc' as const, 'jcc' as const, 'ja' as const, 'exit' as const),
  to: fc.integer({ min: -3, max: 4 }),
});

function programOf(segments: readonly Segment[]): readonly Insn[] {
  const bodies = segments.map(({ bytes }) => filler(bytes));
  const slots = (insns: readonly Insn[]): number =>
    insns.reduce((n, { kind }) => n + (kind === 'lddw' ? 2 : 1), 0);
  const starts = [0];
  for (const body of bodies) starts.push((starts.at(-1) as number) + slots(body) + 1);
  return [
    ...bodies.flatMap((body, i): Insn[] => {
      const { kind, to } = segments[i] as Segment;
      const target = Math.max(0, Math.min(segments.length, i + 1 + to));
      const off = (starts[target] as number) - (starts[i + 1] as number);
      if (kind === 'exit') return [...body, exit];
      return [...body, kind === 'ja' ? ja(off) : jcc(64, 'jeq', 'r1', 'r2', off)];
    }),
    exit,
  ];
}

/** Checks each jump of the image by what a disassembler says of its last instruction. */
function misplaced(entries: readonly NativeEntry[], image: Uint8Array): string[] {
  const epilogue = entries.find(({ entry }) => entry.insn.kind === 'exit');
  return entries.flatMap(({ entry, offset, length }, i) => {
    const isExitJump = entry.insn.kind === 'exit' && entries[i] !== epilogue;
    if (entry.target < 0 && !isExitJump) return [];
    const want = isExitJump ? epilogue?.offset : entries[entry.target]?.offset;
    const decoder = new iced.Decoder(64, image.subarray(offset, offset + length), iced.DecoderOptions.None);
    decoder.ip = CODE_BASE + BigInt(offset);
    let last = CODE_BASE + BigInt(offset);
    while (decoder.canDecode) {
      const insn = decoder.decode();
      last = insn.isJccShortOrNear || insn.isJmpShortOrNear ? insn.nearBranchTarget : insn.nextIP;
      insn.free();
    }
    decoder.free();
    return Number(last - CODE_BASE) === want ? [] : [`entry ${i}: want ${want}, got ${last - CODE_BASE}`];
  });
}

describe('compile', () => {
  it('makes every jump land on the entry it goes to', () => {
    const near = { [-128]: 0, 123: 0 };
    fc.assert(
      fc.property(fc.array(segment, { minLength: 2, maxLength: 24 }), (segments) => {
        const { image, subprogs } = compile(link([programOf(segments)]));
        const [main] = subprogs as [CompiledSubprog];
        const entries = nativeEntries(main);
        expect(misplaced(entries, image.code)).toEqual([]);
        for (const { entry, offset, length } of entries) {
          const d = (entries[entry.target]?.offset ?? 0) - offset - length;
          if (d === -128 || d === 123) near[d]++;
        }
      }),
      { seed: 21, numRuns: 3_000 },
    );
    // The limits themselves were met.
    expect(Math.min(near[-128], near[123])).toBeGreaterThan(5);
  });
});
