/**
 * Saved cases: `.data` files (bpf/data-file.ts) that hold everything a case's run depends on, so that it can be
 * run again without the generator, read, and edited. What bpf_conformance's format cannot say stands in
 * `# oracle:` lines:
 *
 *   # oracle: convention linux
 *   # oracle: models default           how helpers and kfuncs compute their results
 *   # oracle: proto f2=7               arguments of functions, helpers and kfuncs
 *   # oracle: data .data 0x35d180000000 rw 00ff…
 *   # oracle: generator 90af…          whose case `seed` and `path` name
 *   # oracle: seed 1
 *   # oracle: path 12:0:3
 *   # oracle: bucket arg 7 of kfunc
 *
 * The running case of a fuzz is a file of seed and path alone (running-case.ts).
 */
import { writeDataFile } from '../bpf/data-file.ts';
import { dataSectionText } from '../bpf/data-section.ts';
import { disassembleProgram, listingNames } from '../bpf/disasm.ts';
import { THROW } from '../bpf/exceptions.ts';
import { nativeProtoText } from '../bpf/native-proto.ts';
import { progArrayText } from '../bpf/prog-array.ts';
import type { Program } from '../bpf/program.ts';
import { signatureText } from '../bpf/proto.ts';
import { switchLines } from '../core/jit-switches.ts';
import type { CaseResult } from '../oracle/case.ts';
import type { Subject } from './judge.ts';
import { laneAt, type Mix } from './lanes.ts';
import { generatorFingerprint } from './mix.ts';
import { type CasePath, formatPath } from './path.ts';

export interface CaseOrigin {
  readonly seed: number;
  readonly path: CasePath;
  /** What was seen of it; null if it was not run. */
  readonly bucket: string | null;
  /** What the program was made for. @defaultValue validMix() */
  readonly mix?: Mix | undefined;
  /** More `# oracle:` lines. */
  readonly setup?: ReadonlyMap<string, readonly string[]> | undefined;
}

/** The file of a case. The result it states is the reference's r0; where that is an address, it is `unstated`. */
export function caseText(subject: Subject, result: CaseResult, origin: CaseOrigin): string {
  const { program, input } = subject;
  const outcome = result.want?.outcome;
  const lane = origin.mix === undefined ? 'valid' : laneAt(origin.path.index, origin.mix);
  return writeDataFile({
    comments: [
      `bpf-oracle case: seed ${origin.seed}, path ${formatPath(origin.path)}${lane === 'valid' ? '' : `, of the lane ${lane}`}`,
      ...(origin.bucket === null ? [] : [`seen: ${origin.bucket}`]),
      'bpf-oracle explain <this file> says what is wrong, bpf-oracle replay <this file> runs it again',
      '',
      ...listing(program),
    ],
    oracle: oracleLines(subject, origin),
    asm: disassembleProgram(program, { dialect: 'mnemonic' }),
    memory: input.memory,
    result: outcome?.kind === 'exit' ? outcome.r0 : 0n,
  });
}

/** The program as clang would write it. */
const listing = (program: Program): string[] => disassembleProgram(program).trimEnd().split('\n');

function oracleLines(
  { program, jit = {} }: Subject,
  { seed, path, bucket, mix, setup }: CaseOrigin,
): Map<string, string[]> {
  return new Map<string, string[]>([
    ['convention', [program.convention]],
    ['models', ['default']],
    ['result', ['unstated']],
    ...programLines(program),
    ...[...(setup ?? [])].map(([key, values]): [string, string[]] => [key, [...values]]),
    ...switchLines(jit).map(([key, value]): [string, string[]] => [key, [value]]),
    ['generator', [generatorFingerprint(mix)]],
    ['seed', [`${seed}`]],
    ['path', [formatPath(path)]],
    ...(bucket === null ? [] : [['bucket', [bucket]] satisfies [string, string[]]]),
  ]);
}

type ProgramKey = 'proto' | 'data' | 'prog-array' | 'native' | 'throw' | 'exception-callback';

/** What assembly cannot say of a program: prototypes, data, program arrays. */
export const programLines = (program: Program): [key: ProgramKey, values: string[]][] => [
  ['proto', protos(program)],
  ['data', program.data.map(dataSectionText)],
  ['native', program.native === undefined ? [] : [nativeProtoText(program.native)]],
  ['prog-array', (program.progArrays ?? []).map((array) => progArrayText(array, program.subprogs))],
  ...exceptionLines(program),
];

/** The kfunc that throws by its name in assembly without names, and the callback by its slot. */
function exceptionLines({ exceptionCallback, subprogs, callees }: Program): [ProgramKey, string[]][] {
  if (exceptionCallback === undefined) return [];
  const throwing = [...callees.values()].filter(({ kind, name }) => kind === 'kfunc' && name === THROW);
  return [
    ['throw', throwing.map(({ id }) => `kfunc_${id}`)],
    ['exception-callback', [`func_${subprogs[exceptionCallback]?.start}`]],
  ];
}

/** Numbers of arguments: of functions by their labels, of callees by the names they have in assembly without names. */
function protos(program: Program): string[] {
  const { subprogs, callees } = program;
  const { labels } = listingNames(program);
  const functions = subprogs.map(({ start, name, args }) => `${labels.get(start) ?? name}=${args}`);
  const natives = [...callees.values()].flatMap(({ kind, id, args, signature }) =>
    args === undefined ? [] : [`${kind}_${id}=${signature === undefined ? args : signatureText(signature)}`],
  );
  return [...functions, ...natives];
}
