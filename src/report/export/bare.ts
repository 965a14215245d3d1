/** Forms that are instructions and nothing else: hex, and an array of `struct bpf_insn` for C. */
import { badInput } from '../../core/errors.ts';
import { commentText } from './c-text.ts';
import { dataNamed } from './data-place.ts';
import { bytesOf, type Row, rowsOf } from './rows.ts';
import type { ExportSubject } from './subject.ts';

/** One instruction a line, as bytes. */
export function hexExport(subject: ExportSubject): string {
  refuseData(subject, 'hex');
  return `${rowsOf(subject).rows.map(bytesOf).join('\n')}\n`;
}

/** One slot a line, each instruction with its text. */
export function cArrayExport(subject: ExportSubject): string {
  refuseData(subject, 'c-array');
  return [
    `/* Exported from ${commentText(subject.name)} */`,
    '#include <linux/bpf.h>',
    '',
    'static const struct bpf_insn insns[] = {',
    ...rowsOf(subject).rows.flatMap(rowLines),
    '};',
    '',
  ].join('\n');
}

function rowLines(row: Row): string[] {
  const view = new DataView(row.bytes.buffer, row.bytes.byteOffset, row.bytes.byteLength);
  const slots = Array.from({ length: row.bytes.length / 8 }, (_, i) => initialiser(view, 8 * i));
  const [first = '', ...rest] = slots;
  const note = row.note === '' ? '' : ` (${row.note})`;
  return [
    ...(row.starts === undefined || row.starts.index === 0
      ? []
      : [`\t/* ${commentText(row.starts.name)} takes ${row.starts.args} */`]),
    `\t${first} /* ${String(row.pc).padStart(3)}: ${commentText(row.text)}${note} */`,
    ...rest.map((slot) => `\t${slot}`),
  ];
}

function initialiser(view: DataView, at: number): string {
  const registers = view.getUint8(at + 1);
  const code = `0x${view.getUint8(at).toString(16).padStart(2, '0')}`;
  const off = view.getInt16(at + 2, true);
  const imm = view.getInt32(at + 4, true);
  return `{ .code = ${code}, .dst_reg = ${registers & 15}, .src_reg = ${registers >> 4}, .off = ${off}, .imm = ${imm} },`;
}

function refuseData({ name, program }: ExportSubject, form: string): void {
  const what = dataNamed(program) ?? program.progArrays?.[0];
  if (what === undefined) return;
  const why = `it has data (${what.name}), and ${form} holds instructions alone; use data or asm`;
  throw badInput('export', name, why);
}
