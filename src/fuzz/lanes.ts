/**
 * Lanes: generators of cases, each for one thing that JITs do. The cases of a campaign are a mix of them: which lane
 * case i is of follows from i alone. What a lane makes of seed and index does not depend on the mix, so that a case
 * is the same in a campaign of its lane alone.
 */

import { accessProgram } from '../arb/accesses/program.ts';
import { aggregateProgram } from '../arb/aggregates/program.ts';
import { callbackProgram } from '../arb/callbacks/program.ts';
import { throwProgram } from '../arb/exceptions/program.ts';
import { lower } from '../arb/lower.ts';
import { ANY, type Profile } from '../arb/profile.ts';
import { shrinkProgram } from '../arb/shrink.ts';
import { tailCallProgram } from '../arb/tail-calls/program.ts';
import { timerProgram } from '../arb/timers/program.ts';
import { trampolineProgram } from '../arb/trampoline/program.ts';
import type { ConventionName } from '../bpf/calling.ts';
import type { LaneName } from '../core/lane-names.ts';
import { caseRandom } from './case-random.ts';
import { type Draft, draftOf, drawDraft } from './draft.ts';
import { drawSpec } from './generate.ts';
import { drawHardening, type HardenedCase, simplerHardened } from './hardened.ts';
import type { Subject } from './judge.ts';

/** What cases are made for. Plain data. */
export interface Mix {
  /** What programs of the lane `valid` are made for. */
  readonly profile: Profile;
  readonly convention: ConventionName;
  /** Of one alone all cases are; of several, those at no lane's residue are of the first. */
  readonly lanes: readonly LaneName[];
}

interface Lane {
  readonly name: LaneName;
  /** What its programs do. */
  readonly what: string;
  /** Of every MIX_LENGTH cases, the indices of those that are of this lane; the rest are of `valid`. */
  readonly residues: readonly number[];
  readonly draw: (seed: number, index: number, mix: Omit<Mix, 'lanes'>) => Draft;
  /** Why a convention does not take its programs; undefined: it does. @defaultValue each does */
  readonly refusal?: (convention: ConventionName) => string | undefined;
}

/** Cases after which the order of lanes begins anew. */
export const MIX_LENGTH = 64;

const ACCESSES = accessProgram();
const CALLBACKS = callbackProgram();
const TIMERS = timerProgram();
const TAIL_CALLS = { alone: tailCallProgram(), beside: tailCallProgram({ stackArgs: true }) } as const;

const EXCEPTIONS = throwProgram();
const TRAMPOLINES = trampolineProgram();
const AGGREGATES = aggregateProgram();

export const LANES: readonly Lane[] = [
  {
    name: 'valid',
    what: 'the whole instruction set, calls with 0 to 12 arguments',
    residues: [],
    draw: (seed, index, { profile }) =>
      draftOf(drawSpec(seed, index, profile), (spec) => lower(spec, profile), shrinkProgram),
  },
  {
    name: 'tail-calls',
    what: 'tail calls through program arrays, from main and from functions, up to the limit of 33',
    residues: [11, 43],
    draw: (seed, index, { convention }) =>
      // Only there the verifier's rule against both in one frame is dropped.
      drawDraft(TAIL_CALLS[convention === 'reply' ? 'beside' : 'alone'], caseRandom(seed, index)),
  },
  {
    name: 'trampolines',
    what: 'programs that native code calls through a trampoline, with up to 12 words of any types',
    residues: [5, 37],
    draw: (seed, index) => drawDraft(TRAMPOLINES, caseRandom(seed, index)),
  },
  {
    name: 'private-stack',
    what: 'as `valid`, on a JIT with private stacks',
    residues: [21, 53],
    draw: (seed, index, { profile }) =>
      draftOf(drawSpec(seed, index, profile), (spec) => onPrivateStacks(lower(spec, profile)), shrinkProgram),
  },
  {
    name: 'aggregates',
    what: 'kfuncs that take and return structs and __int128 by value',
    residues: [29, 61],
    draw: (seed, index) => drawDraft(AGGREGATES, caseRandom(seed, index)),
    refusal: (convention) =>
      convention === 'linux' || convention === 'zero'
        ? undefined
        : `${convention} does not say how arguments of two words get to the stack`,
  },
  {
    name: 'accesses',
    what: 'probes of any address, accesses to an arena, casts of addresses, per-CPU data',
    residues: [7, 50],
    draw: (seed, index) => drawDraft(ACCESSES, caseRandom(seed, index)),
  },
  {
    name: 'hardened',
    what: 'programs of `valid`; a case says how code is hardened: thunks, counted calls, lfence, blinded constants',
    residues: [3, 46],
    draw: (seed, index, { profile }) => {
      const spec = drawSpec(seed, index, profile);
      const subject = (case_: HardenedCase): Subject => {
        const { program, input } = lower(case_.spec, profile);
        return { program, input, jit: case_.jit };
      };
      return draftOf({ spec, jit: drawHardening(seed, index) }, subject, simplerHardened);
    },
  },
  {
    name: 'callbacks',
    what: 'functions that helpers call, in loops and for each element of data, and that call functions of up to 12 arguments',
    residues: [13, 56],
    draw: (seed, index) => drawDraft(CALLBACKS, caseRandom(seed, index)),
  },
  {
    name: 'timers',
    what: 'functions that timers call after the program, and that start timers again and call functions of up to 12 arguments',
    residues: [25, 40],
    draw: (seed, index) => drawDraft(TIMERS, caseRandom(seed, index)),
  },
  {
    name: 'exceptions',
    what: 'programs that throw, from main to the deepest frame, with arguments on their stacks; callbacks of their own and the default one',
    residues: [17, 58],
    draw: (seed, index) => drawDraft(EXCEPTIONS, caseRandom(seed, index)),
  },
];

const onPrivateStacks = ({ program, input }: Subject): Subject => {
  return { program, input, jit: { privateStack: true } };
};

const LANE_BY_NAME = new Map(LANES.map((lane) => [lane.name, lane]));

export function laneNamed(name: LaneName): Lane {
  const lane = LANE_BY_NAME.get(name);
  if (lane === undefined) throw new RangeError(`no lane ${name}`);
  return lane;
}

const LANE_BY_RESIDUE = new Map(LANES.flatMap(({ name, residues }) => residues.map((at) => [at, name])));

/** The lane of a case. */
export function laneAt(index: number, { lanes }: Pick<Mix, 'lanes'>): LaneName {
  const [first = 'valid'] = lanes;
  if (lanes.length === 1) return first;
  const wanted = LANE_BY_RESIDUE.get(index % MIX_LENGTH);
  return wanted !== undefined && lanes.includes(wanted) ? wanted : first;
}

/** How many of MIX_LENGTH cases are of a lane. */
export const shareOf = (name: LaneName, mix: Pick<Mix, 'lanes'>): number =>
  Array.from({ length: MIX_LENGTH }, (_, index) => laneAt(index, mix)).filter((lane) => lane === name).length;

/** Programs of `valid` alone. */
export const validMix = (profile: Profile = ANY): Mix => ({ profile, convention: 'linux', lanes: ['valid'] });
