/** Exception tables, arenas and casts that are off. They show in the lane of accesses alone. */
import { accessOf, type Insn } from '../bpf/insn.ts';
import type { Fixup } from '../core/image.ts';
import { ARENA_BASE } from '../core/layout.ts';
import { blind, blindInsn } from '../jit/blinding.ts';
import type { Frame } from '../jit/frame.ts';
import type { LowerContext } from '../jit/lower/context.ts';
import { movReg64, movWide } from '../jit/lower/move.ts';
import { loadOrClear } from '../jit/lower/probe.ts';
import { gprOf } from '../jit/regmap.ts';
import type { Target } from '../jit/target.ts';
import { R12 } from '../x86/reg.ts';
import { instead, type Mutant, patched } from './mutant.ts';

const GUILTY_LOAD = { stages: ['insn'], insn: /^(?:probe|arena) / } as const;
const GUILTY_ARENA = { stages: ['insn'], insn: /^arena / } as const;
const GUILTY_PERCPU = { stages: ['insn'], insn: /__percpu/ } as const;
const NOP4 = [0x0f, 0x1f, 0x40, 0x00];
const REX_R = 4;
const REX_B = 1;
const REX_X = 2;

const withFixup =
  (change: (entry: Fixup) => Fixup) =>
  (target: Target): Target => ({ ...target, fixup: (entry) => change(target.fixup(entry)) });

const isPercpu = (insn: Insn): boolean => insn.kind === 'cast' && insn.to === 'percpu';
const isOfArena = (insn: Insn): boolean => accessOf(insn) === 'arena';

/** Bytes of `add reg, gs:[disp32]`, the last of a per-CPU move. */
const ADD_BYTES = 9;

/** Changes the bytes of that addition. */
const percpuAdd = (change: (add: readonly number[]) => readonly number[]) =>
  patched(isPercpu, (bytes) => [...bytes.slice(0, -ADD_BYTES), ...change(bytes.slice(-ADD_BYTES))]);

const withoutBase = (frame: Frame): Frame => ({ ...frame, saved: frame.saved.filter((gpr) => gpr !== R12) });

/** r12 is set, and neither saved nor given back. */
const baseNotSaved = (target: Target): Target => ({
  ...target,
  prologue(context) {
    target.prologue({ ...context, frame: withoutBase(context.frame) });
    if (context.frame.saved.includes(R12)) movWide(context.asm, R12, ARENA_BASE);
  },
  lowerExit(context, which) {
    const inner: LowerContext = { ...context, frame: withoutBase(context.frame) };
    target.lowerExit(inner, which);
    context.jump = inner.jump;
  },
});

const WITHOUT_LANE: readonly Mutant[] = [
  {
    name: 'extable-counts-from-check',
    breaks: 'entries of the exception table stand for the instruction before the one that may fault',
    guilty: GUILTY_LOAD,
    source: 'linux 328aac5ecd11',
    mutate: withFixup((entry) => ({ ...entry, offset: entry.offset - 2 })),
  },
  {
    name: 'extable-resumes-inside',
    breaks: 'after a fault execution goes on a byte before the next instruction',
    guilty: GUILTY_LOAD,
    source: 'linux 433956e91200',
    mutate: withFixup((entry) => ({ ...entry, resume: entry.resume - 1 })),
  },
  {
    name: 'extable-keeps-loaded',
    breaks: 'what a load that faults should have set to 0 keeps what it had',
    guilty: GUILTY_LOAD,
    source: 'linux ex_handler_bpf()',
    mutate: withFixup((entry) => ({ ...entry, clear: null })),
  },
  {
    name: 'extable-atomics-keep-loaded',
    breaks: 'atomics that fault do not set to 0 what they load',
    guilty: { stages: ['insn'], insn: /^arena .*(?:atomic|xchg|load_acquire)/ },
    source: 'linux bpf_jit_comp.c, populate_extable: load-acquire and fetch of the arena',
    mutate: (target) => ({
      ...target,
      lowerInsn(context, convention, insn, pc) {
        target.lowerInsn(context, convention, insn, pc);
        const last = insn.kind === 'atomic' && isOfArena(insn) ? context.faults.pop() : undefined;
        if (last !== undefined) context.faults.push({ ...last, clear: undefined });
      },
    }),
  },
  {
    name: 'probe-without-check',
    breaks: 'probes of user space are loaded',
    guilty: { stages: ['insn'], insn: /^probe / },
    source: 'linux 66e13b615a0c, b599d7d26d6a',
    mutate: instead((context, insn) => {
      if (insn.kind !== 'ldx' || insn.access !== 'probe') return false;
      loadOrClear(context, insn);
      return true;
    }),
  },
  {
    name: 'percpu-rex-b-for-r',
    breaks: 'the offset of this CPU is added to the twin of r8 and r13..r15',
    guilty: GUILTY_PERCPU,
    source: 'linux 5bbbce02e500',
    mutate: percpuAdd(([gs = 0, rex = 0, ...rest]) => [
      gs,
      (rex & REX_R) === 0 ? rex : (rex & ~REX_R) | REX_B,
      ...rest,
    ]),
  },
  {
    name: 'percpu-modrm-field',
    breaks: 'the register of a per-CPU addition stands in the wrong field',
    guilty: GUILTY_PERCPU,
    source: 'linux 462e5e2a5938',
    mutate: percpuAdd(([gs = 0, rex = 0, opcode = 0, modrm = 0, ...rest]) => [
      ...[gs, rex, opcode],
      0x04 + (modrm >> 3),
      ...rest,
    ]),
  },
  {
    name: 'percpu-not-added',
    breaks: 'a per-CPU address stays as it is',
    guilty: GUILTY_PERCPU,
    source: 'linux do_jit(), insn_is_mov_percpu_addr(): the addition is under CONFIG_SMP',
    mutate: percpuAdd(() => []),
  },
  {
    name: 'arena-base-not-saved',
    breaks: 'r12 is not given back',
    guilty: { stages: ['epilogue', 'prologue'] },
    source: 'linux push_r12(), pop_r12()',
    mutate: baseNotSaved,
  },
  {
    name: 'arena-base-not-added',
    breaks: 'the base of the arena is not added',
    guilty: GUILTY_ARENA,
    source: 'linux add_3mod()',
    mutate: patched(isOfArena, (bytes) => {
      const at = bytes.findIndex((byte) => byte >> 4 === 4);
      return bytes.map((byte, i) => (i === at ? byte & ~REX_X : byte));
    }),
  },
  {
    name: 'arena-st-not-blinded',
    breaks: 'constants that are stored in the arena are not blinded',
    guilty: { stages: ['insn'], insn: /^arena \*\(u\d+ \*\)\(r\d+ [+-] \d+\) = -?\d+$/ },
    jit: { blinding: 1 },
    source: 'linux 2321a9596d22',
    mutate: (target) => ({
      ...target,
      blind: (entries, seed) =>
        blind(entries, seed, (insn, mask) =>
          insn.kind === 'st' && isOfArena(insn) ? undefined : blindInsn(insn, mask),
        ),
    }),
  },
  {
    name: 'cast-kernel-keeps-upper',
    breaks: 'an address of the arena keeps its upper half',
    guilty: { stages: ['insn'], insn: /addr_space_cast\(r\d, 0, 1\)/ },
    source: 'linux bpf_do_misc_fixups(): cast_kern as a 32-bit move',
    mutate: instead(({ asm }, insn) => {
      if (insn.kind !== 'cast' || insn.to !== 'kernel') return false;
      movReg64(asm, gprOf(insn.dst), gprOf(insn.src));
      return true;
    }),
  },
  {
    name: 'cast-user-of-zero',
    breaks: 'the null pointer of an arena becomes an address of user space',
    guilty: { stages: ['insn'], insn: /addr_space_cast\(r\d, 1, 0\)/ },
    source: 'linux do_jit(), insn_is_cast_user(): cmove',
    mutate: patched(
      (insn) => insn.kind === 'cast' && insn.to === 'user',
      (bytes) => [...bytes.slice(0, -NOP4.length), ...NOP4],
    ),
  },
];

export const ACCESS_MUTANTS: readonly Mutant[] = WITHOUT_LANE.map((mutant) => ({
  ...mutant,
  lane: 'accesses',
}));
