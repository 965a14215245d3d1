/**
 * What formats of CI systems show of a report: a list of named findings. JUnit, TAP, GitHub and SARIF are made of
 * it and of nothing else, so that a command that gives a list has them all.
 */
import type { SourceLine } from '../bpf/program.ts';
import type { Rule } from './rules.ts';

/**
 * - `pass`: both sides agree, or whatever else a command hopes for.
 * - `fail`: this speaks against what is judged; the run exits with 1.
 * - `known`: fails, as a list of expected failures says.
 * - `unproven`: ran, and proves nothing.
 * - `skip`: not run.
 * - `error`: could not be read or run.
 */
export type FindingStatus = 'pass' | 'fail' | 'known' | 'unproven' | 'skip' | 'error';

/** Text in it may hold any characters: each format escapes what it cannot show. */
export interface Finding {
  /** As a CI page lists it; not always unique. */
  readonly name: string;
  readonly status: FindingStatus;
  /** What is broken; null if nothing is. */
  readonly rule: Rule | null;
  /** What was found, on one line; empty where there is nothing to say. */
  readonly message: string;
  /** What a terminal shows under it, a line each. */
  readonly detail: readonly string[];
  readonly place: FindingPlace | null;
  /** The same for findings with the same cause: src/fuzz/bucket.ts. */
  readonly bucket: string | null;
  /** How the run came there, first step first. */
  readonly steps: readonly FindingStep[];
}

export interface FindingPlace {
  /** As the user named it. */
  readonly file: string;
  /** The line it is written on, in that file or in the one it was made of; null where that is not known. */
  readonly source: SourceLine | null;
  /** BPF slot and the function it is in. */
  readonly pc: number | null;
  readonly subprog: string | null;
}

export interface FindingStep {
  readonly text: string;
  readonly pc: number | null;
  readonly source: SourceLine | null;
}

export interface FindingList {
  /** e.g. `bpf-oracle check`. */
  readonly title: string;
  /** Counts, as the text report ends. */
  readonly summary: string;
  /** Wall clock; null where it was not measured. */
  readonly seconds: number | null;
  readonly findings: readonly Finding[];
}

const NOTHING = { rule: null, message: '', detail: [], place: null, bucket: null, steps: [] } as const;

/** A finding, of which only some is known. */
export const finding = (
  name: string,
  status: FindingStatus,
  known: Partial<Omit<Finding, 'name' | 'status'>> = {},
): Finding => ({ name, status, ...NOTHING, ...known });

/** How many findings there are of each status. */
export function countStatuses(findings: readonly Finding[]): Readonly<Record<FindingStatus, number>> {
  const counts = { pass: 0, fail: 0, known: 0, unproven: 0, skip: 0, error: 0 };
  for (const { status } of findings) counts[status]++;
  return counts;
}
