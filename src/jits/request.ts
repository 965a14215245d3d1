/** What a JIT in a process of its own is asked: one program, as a line of JSON. */
import { encode } from '../bpf/encode.ts';
import type { Program } from '../bpf/program.ts';
import { toFileForm } from '../bpf/stack-arg-form.ts';
import { calleeKey } from '../core/env.ts';
import { badInput } from '../core/errors.ts';
import type { CalleeRef } from '../core/execution.ts';
import { CODE_BASE, CTX_BASE } from '../core/layout.ts';
import { hex } from '../core/u64.ts';

/** What beside the program decides its image. */
export interface CompileInput {
  /** Bytes of context memory. */
  readonly contextSize: number;
  readonly addressOf: (callee: CalleeRef) => bigint;
}

/** A request of the image protocol: REQUEST_SCHEMA. */
export interface ImageRequest {
  readonly id: number;
  readonly bpf: string;
  readonly convention: string;
  readonly subprogs: readonly number[];
  readonly base: string;
  readonly callees: Readonly<Record<string, string>>;
  readonly args: Readonly<Record<string, number>>;
  readonly regions: readonly {
    readonly name: string;
    readonly address: string;
    readonly size: number;
    readonly writable: boolean;
  }[];
}

export function requestOf(id: number, program: Program, input: CompileInput): ImageRequest {
  const { contextSize, addressOf } = input;
  if (program.progArrays !== undefined)
    throw badInput('jit', program.name, 'it has program arrays, which the image protocol does not know');
  if (program.exceptionCallback !== undefined)
    throw badInput('jit', program.name, 'it has exceptions, which the image protocol does not know');
  const callees = [...program.callees.values()];
  const { convention } = program;
  const code = encode(toFileForm(program.insns, program.subprogs, convention));
  return {
    id,
    bpf: Buffer.from(code.buffer, code.byteOffset, code.length).toString('hex'),
    convention,
    subprogs: program.subprogs.map(({ start }) => start),
    base: hex(CODE_BASE),
    callees: Object.fromEntries(callees.map((callee) => [calleeKey(callee), hex(addressOf(callee))])),
    args: Object.fromEntries(
      callees.flatMap((callee) => (callee.args === undefined ? [] : [[calleeKey(callee), callee.args]])),
    ),
    regions: [
      ...(contextSize === 0
        ? []
        : [{ name: 'ctx', address: hex(CTX_BASE), size: contextSize, writable: true }]),
      ...program.data.map(({ name, address, bytes, writable }) => {
        return { name, address: hex(address), size: bytes.length, writable };
      }),
    ],
  };
}
