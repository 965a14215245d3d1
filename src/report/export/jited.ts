/**
 * Native code as the `__jited` lines of a kernel selftest (tools/testing/selftests/bpf/progs/bpf_misc.h): LLVM's AT&T
 * text, function by function, jumps to labels L0, L1, … in the order of their addresses. What depends on the machine
 * is a pattern: the targets of calls, addresses of data, and the return, which may be a jump to a thunk.
 */
import type { DataSection } from '../../bpf/program.ts';
import type { Image } from '../../core/image.ts';
import { insnText } from '../insn-text.ts';
import { commentText } from './c-text.ts';
import { dataPlace } from './data-place.ts';
import { type LlvmInsn, llvmInsns } from './llvm-text.ts';
import type { ExportSubject } from './subject.ts';

export function jitedExport(subject: ExportSubject): string {
  const image = subject.image();
  return [
    `/* Exported from ${commentText(subject.name)}: what the ${commentText(image.jit)} JIT makes of it */`,
    ...jitedLines(subject, image),
    '',
  ].join('\n');
}

/** The lines alone, without a final newline. */
export function jitedLines({ program }: Pick<ExportSubject, 'program'>, image: Image): string[] {
  const order = image.subprogEntries
    .map((start, index) => ({ start, index }))
    .sort((a, b) => a.start - b.start);
  const starts = new Map([...(image.pcMap ?? [])].map(([pc, offset]) => [offset, pc]));
  const lines = order.flatMap(({ start, index }, i) => {
    const name = program.subprogs[index]?.name ?? `subprog ${index}`;
    const end = order[i + 1]?.start ?? endOfProgram(image);
    const insns = withoutFill(llvmInsns(image.code, start, end));
    const labels = labelsOf(insns);
    return [
      ...(i === 0 ? [] : [jited('...')]),
      `/* ${commentText(name)} */`,
      ...insns.flatMap((insn) => {
        const pc = starts.get(insn.offset);
        const comment = pc === undefined ? [] : [`/* ${pc}: ${commentText(insnText(program, pc))} */`];
        return [...comment, ...linesOf(insn, labels, program.data)];
      }),
    ];
  });
  return ['__arch_x86_64', ...lines];
}

/** Thunks and a trampoline are code of their own. */
const endOfProgram = ({ code, thunks = [], trampoline }: Image): number =>
  Math.min(code.length, ...thunks.map(({ offset }) => offset), trampoline?.start ?? code.length);

/** int3 between functions is no part of them. */
function withoutFill(insns: readonly LlvmInsn[]): readonly LlvmInsn[] {
  return insns.slice(0, insns.findLastIndex(({ mnemonic }) => mnemonic !== 'int3') + 1);
}

const isJump = ({ mnemonic, operands }: LlvmInsn): boolean => /^j/.test(mnemonic) && /^0x/.test(operands);

/** Labels of the targets of jumps, by offset. */
function labelsOf(insns: readonly LlvmInsn[]): Map<number, string> {
  const offsets = new Set(insns.map(({ offset }) => offset));
  const targets = insns.filter(isJump).map(({ operands }) => Number(operands));
  const inside = [...new Set(targets)].filter((target) => offsets.has(target)).sort((a, b) => a - b);
  return new Map(inside.map((target, i) => [target, `L${i}`]));
}

/** A prefix is a line of its own. */
function linesOf(
  insn: LlvmInsn,
  labels: ReadonlyMap<number, string>,
  data: readonly DataSection[],
): string[] {
  const label = labels.get(insn.offset);
  const words = insn.mnemonic.split(' ');
  const text = textOf(insn, words.at(-1) ?? '', labels, data);
  return [...words.slice(0, -1), text].map((line, i) =>
    jited(`${i === 0 && label !== undefined ? `${label}:` : ''}\t${line}`),
  );
}

function textOf(
  insn: LlvmInsn,
  mnemonic: string,
  labels: ReadonlyMap<number, string>,
  data: readonly DataSection[],
): string {
  const { operands } = insn;
  if (mnemonic === 'retq') return '{{(retq|jmp\t0x)}}';
  if (mnemonic === 'callq' && operands.startsWith('0x')) return 'callq\t0x{{.*}}';
  if (isJump(insn)) return `${mnemonic}\t${labels.get(Number(operands)) ?? '0x{{.*}}'}`;
  if (mnemonic === 'movabsq') return `movabsq\t${withoutAddress(operands, data)}`;
  return operands === '' ? mnemonic : `${mnemonic}\t${operands}`;
}

/** Data lies elsewhere in a kernel. */
function withoutAddress(operands: string, data: readonly DataSection[]): string {
  const [, value, rest] = /^\$(0x[0-9a-f]+)(, .*)$/.exec(operands) ?? [];
  const isAddress = value !== undefined && dataPlace({ data }, BigInt(value)) !== undefined;
  return isAddress ? `\${{.*}}${rest}` : operands;
}

/** Tabs stand as such in the kernel's sources. */
const jited = (text: string): string => `__jited("${text}")`;
