/** Subjects of exports, as the command line makes them. */
import { encode } from '../../src/bpf/encode.ts';
import { type LoadedFile, load } from '../../src/bpf/load.ts';
import type { Program } from '../../src/bpf/program.ts';
import { caseAt } from '../../src/fuzz/generate.ts';
import { interpret } from '../../src/interp/interpret.ts';
import { compile } from '../../src/jit/compile.ts';
import type { ExportSubject } from '../../src/report/export/subject.ts';

export function exportSubject(program: Program, more: Partial<ExportSubject> = {}): ExportSubject {
  return {
    name: program.name,
    program,
    convention: program.convention,
    env: { input: { memory: new Uint8Array() }, models: new Map(), insnLimit: 100_000 },
    expected: undefined,
    oracle: new Map(),
    replay: 'bpf-oracle check x',
    interpret,
    image: () => compile(program).image,
    ...more,
  };
}

/** A generated case. */
export function generatedSubject(index: number, seed = 3): ExportSubject {
  const { program, input } = caseAt(seed, { index, choices: [] });
  return exportSubject(program, { env: { input, models: new Map(), insnLimit: 100_000 } });
}

export const read = (text: string, fileName: string): LoadedFile =>
  load(new TextEncoder().encode(text), { fileName });

/** What a program is, but for its names. */
export const substance = ({ insns, subprogs, callees, data }: Program) => ({
  bytes: Buffer.from(encode(insns)).toString('hex'),
  subprogs: subprogs.map(({ start, end, args }) => [start, end, args]),
  callees: [...callees].map(([key, { args }]) => [key, args]).sort(),
  data: data.map(({ address, bytes, writable }) => [address, Buffer.from(bytes).toString('hex'), writable]),
});
