/**
 * Programs that break the linter's rules on purpose: valid ones with a few places edited. By default they can be
 * run; what is read without a promise is poison to the reference, so that what comes of it proves nothing about a
 * JIT (`inconclusive`), or was not used, and is observed as ever.
 */
import type { Arbitrary } from 'fast-check';
import type { Program } from '../../bpf/program.ts';
import type { Input } from '../../core/env.ts';
import { OracleError } from '../../core/errors.ts';
import { type Breach, breachesOf } from '../../lint/lint.ts';
import { type Draw, drawn } from '../draw.ts';
import { lower } from '../lower.ts';
import { drawSpec, type ProgramConstraints } from '../program.ts';
import { shrinkProgram } from '../shrink.ts';
import type { ProgramSpec } from '../spec.ts';
import { checked } from './change.ts';
import { applyEdit, type HostileEdit, type HostileRule, RUN_RULES } from './edit.ts';

/** A valid program, and what is done to it. */
export interface HostileSpec {
  readonly base: ProgramSpec;
  readonly edits: readonly HostileEdit[];
}

/** A program that breaks rules. */
export interface Hostile {
  readonly spec: HostileSpec;
  readonly program: Program;
  readonly input: Input;
  /** The rules it breaks, and where. */
  readonly breaches: readonly Breach[];
  /** Whether a machine would take it. */
  readonly isLoadable: boolean;
}

/** Constraints to be applied on {@link hostileProgram} and {@link hostileSpec}. */
export interface HostileConstraints extends ProgramConstraints {
  /** Rules to break. @defaultValue RUN_RULES */
  readonly rules?: readonly HostileRule[];
}
const MAX_EDITS = 3;
/** Some programs have no place to break the drawn rule at. */
const ATTEMPTS = 8;

/** @internal Until the edits break something; the last one as it is. */
export function drawHostile(draw: Draw, constraints: HostileConstraints): Hostile {
  let hostile = lowerHostile(drawHostileSpec(draw, constraints));
  for (let attempt = 1; attempt < ATTEMPTS && hostile.breaches.length === 0; attempt++)
    hostile = lowerHostile(drawHostileSpec(draw, constraints));
  return hostile;
}

function drawHostileSpec(draw: Draw, constraints: HostileConstraints): HostileSpec {
  const { rules = RUN_RULES } = constraints;
  const base = drawSpec(draw, constraints);
  const edits: HostileEdit[] = [];
  for (let k = draw.between(1, MAX_EDITS); k > 0; k--)
    edits.push({ rule: draw.pick(rules), at: draw.below(0x1000), pick: draw.below(0x1000) });
  return { base, edits };
}

/** The program of a spec, with the rules it breaks. */
export function lowerHostile(spec: HostileSpec): Hostile {
  const { program: base, input } = lower(spec.base);
  const edited = spec.edits.reduce(applyEdit, base);
  const loadable = tryChecked(edited);
  const program = loadable ?? edited;
  // Models of helpers and kfuncs write nothing here.
  const breaches = breachesOf(program, { writes: 'doubted' });
  return { spec, program, input, breaches, isLoadable: loadable !== undefined };
}

function tryChecked(program: Program): Program | undefined {
  try {
    return checked(program);
  } catch (error) {
    if (error instanceof OracleError && error.kind === 'input') return undefined;
    throw error;
  }
}

/** Fewer edits first, then a simpler base. A spec without edits is a valid program. */
export function* shrinkHostile({ base, edits }: HostileSpec): Iterable<HostileSpec> {
  if (edits.length > 1) for (let k = 0; k < edits.length; k++) yield { base, edits: edits.toSpliced(k, 1) };
  for (const simpler of shrinkProgram(base)) yield { base: simpler, edits };
  for (let k = 0; k < edits.length; k++) {
    const edit = edits[k] as HostileEdit;
    if (edit.at > 0) yield { base, edits: edits.with(k, { ...edit, at: 0 }) };
    if (edit.pick > 0) yield { base, edits: edits.with(k, { ...edit, pick: 0 }) };
  }
}

/** {@link hostileProgram} before it is lowered by {@link lowerHostile}; shrinks by {@link shrinkHostile}. */
export const hostileSpec = (constraints: HostileConstraints = {}): Arbitrary<HostileSpec> =>
  drawn({ draw: (draw) => drawHostile(draw, constraints).spec, shrink: shrinkHostile });

/** Programs that break one rule or several. Shrinks towards one edit of the least program that takes it. */
export const hostileProgram = (constraints: HostileConstraints = {}): Arbitrary<Hostile> =>
  drawn({
    draw: (draw) => drawHostile(draw, constraints),
    *shrink({ spec }) {
      for (const simpler of shrinkHostile(spec)) {
        const hostile = lowerHostile(simpler);
        if (hostile.breaches.length > 0) yield hostile;
      }
    },
  });
