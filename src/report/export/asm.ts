/**
 * A program as assembly in LLVM's dialect, each line with its slot, its bytes and what it has to do with arguments.
 * bpf-oracle reads it back to the same program: what assembly cannot say stands in `# oracle:` lines.
 */
import { dataSectionText } from '../../bpf/data-section.ts';
import { nativeProtoText } from '../../bpf/native-proto.ts';
import { progArrayText } from '../../bpf/prog-array.ts';
import type { Callee, Program, Subprog } from '../../bpf/program.ts';
import { signatureText } from '../../bpf/proto.ts';
import { calleeKey } from '../../core/env.ts';
import { visible } from '../visible.ts';
import { bytesOf, type Row, type Rows, rowsOf } from './rows.ts';
import type { ExportSubject } from './subject.ts';

const TEXT_COLUMNS = 40;

export function asmExport(subject: ExportSubject): string {
  const { name, program, convention, env } = subject;
  const listed = rowsOf(subject);
  const memory = Buffer.from(env.input.memory).toString('hex');
  return [
    `# Exported from ${visible(name)}. Each line: instruction, slot, bytes.`,
    ...(memory === '' ? [] : [`# Its memory: --mem ${memory}`]),
    `# oracle: convention ${convention}`,
    ...protoLines(program, listed),
    ...program.data.map((section) => `# oracle: data ${dataSectionText(section)}`),
    ...(program.progArrays ?? []).map(
      (array) => `# oracle: prog-array ${progArrayText(array, program.subprogs)}`,
    ),
    ...callbackLines(program),
    ...(program.native === undefined ? [] : [`# oracle: native ${nativeProtoText(program.native)}`]),
    ...listed.rows.flatMap((row) => linesOf(row)),
    '',
  ].join('\n');
}

/** By its slot, as nobody calls it; `bpf_throw` keeps its name. */
const callbackLines = ({ exceptionCallback, subprogs }: Program): string[] =>
  exceptionCallback === undefined
    ? []
    : [`# oracle: exception-callback func_${subprogs[exceptionCallback]?.start}`];

function linesOf(row: Row): string[] {
  const place = `${String(row.pc).padStart(4)}: ${bytesOf(row)}`;
  const note = row.note === '' ? '' : `  ${row.note}`;
  return [
    ...(row.starts === undefined ? [] : functionLines(row.starts)),
    ...(row.label === undefined ? [] : [`${row.label}:`]),
    `  ${row.text.padEnd(TEXT_COLUMNS)} # ${place}${note}`,
  ];
}

const functionLines = ({ index, name, args }: Subprog): string[] =>
  index === 0 ? [''] : ['', `# ${visible(name)} takes ${args}`];

const protoOf = ({ args, signature }: Callee): number | string | undefined =>
  signature === undefined ? args : signatureText(signature);

/** By the names that the text has. */
function protoLines({ subprogs, callees }: Program, { names }: Rows): string[] {
  const nameOf = (callee: Callee): string =>
    names.callees.get(calleeKey(callee))?.name ?? `${callee.kind}_${callee.id}`;
  return [
    ...subprogs.map(({ start, args }) => [names.labels.get(start), args] as const),
    ...[...callees.values()].map((callee) => [nameOf(callee), protoOf(callee)] as const),
  ].flatMap(([name, args]) =>
    name === undefined || args === undefined ? [] : [`# oracle: proto ${name}=${args}`],
  );
}
