/** What a report of `cost` is made of, and its JSON document: schema `bpf-oracle/cost@1`. */

import type { ConventionName } from '../bpf/calling.ts';
import type { Program } from '../bpf/program.ts';
import type { Image } from '../core/image.ts';
import type { HookCost } from '../cost/hook.ts';
import type { Measured } from '../cost/measure.ts';
import type { NativeRow, TableRow } from '../cost/table.ts';
import { type JsonFrameRow, jsonFrame } from './explain/trace.ts';
import { insnText } from './insn-text.ts';
import { calleeName } from './words.ts';

/** The frame of one function under one convention. */
export interface FramePicture {
  readonly convention: ConventionName;
  readonly subprog: number;
  readonly name: string;
  /** From the highest address to the lowest. */
  readonly rows: readonly JsonFrameRow[];
  /** Whether argument 6 comes in a register, from BPF and to a kfunc. */
  readonly arg6InRegister: { readonly bpf: boolean; readonly kfunc: boolean };
  /** Calls push their stack arguments once more, below the frame. */
  readonly pushes: boolean;
}

/** A call, as reports name it. */
export interface NamedCall {
  readonly pc: number;
  readonly insn: string;
  readonly callee: string;
}

/** A program under one convention. */
export interface ConventionCost extends Measured {
  readonly convention: ConventionName;
  readonly frames: readonly FramePicture[];
  /** Why nothing was run; null if it was. */
  readonly notRun: string | null;
}

export type CostReport =
  | {
      readonly kind: 'table';
      readonly rows: readonly TableRow[];
      readonly native: {
        readonly compiler: string;
        readonly flags: readonly string[];
        readonly rows: readonly NativeRow[];
      };
      readonly frames: readonly FramePicture[];
      /** From native code into BPF. */
      readonly hook: HookCost;
    }
  | {
      readonly kind: 'program';
      readonly name: string;
      readonly calls: readonly NamedCall[];
      readonly conventions: readonly ConventionCost[];
      /** Conventions that do not take the program. */
      readonly refused: readonly { readonly convention: ConventionName; readonly why: string }[];
    };

const ARG6 = 5;

export function framePicture(
  program: Program,
  image: Image,
  subprog: number,
  convention: ConventionName,
): FramePicture {
  const { bpf, native, pushed = false } = image.args;
  return {
    convention,
    subprog,
    name: program.subprogs[subprog]?.name ?? `subprog ${subprog}`,
    rows: jsonFrame(program, image, subprog),
    arg6InRegister: { bpf: bpf[ARG6]?.in === 'reg', kfunc: native[ARG6]?.in === 'reg' },
    pushes: pushed,
  };
}

/** The calls of a program, in the order of the code. */
export const namedCalls = (program: Program, image: Image): NamedCall[] =>
  (image.callSites ?? []).map(({ pc, callee }) => ({
    pc,
    insn: insnText(program, pc),
    callee: calleeName(callee, { program, image }),
  }));

/** e.g. `12: call sum`. */
export const callLabel = (call: NamedCall | undefined): string => `${call?.pc}: ${call?.insn}`;

export const costDocument = (report: CostReport): object => ({ schema: 'bpf-oracle/cost@1', ...report });
