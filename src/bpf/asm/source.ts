/**
 * Source text to statements: comments taken out, labels taken off. Comments are `#` and `//` to the end of
 * the line, a line that begins with `;`, and C comments; `;` elsewhere ends a statement, as in LLVM.
 */
import { badInput } from '../../core/errors.ts';

export interface Statement {
  /** Labels that stand before it. */
  readonly labels: readonly string[];
  /** Empty if only labels stand there. */
  readonly text: string;
  /** `file:line`, for errors. */
  readonly where: string;
  /** From 1 on. */
  readonly line: number;
}

/** Where the text comes from. */
export interface SourceOptions {
  /** Named in errors. */
  readonly name?: string;
  /** Number of its first line. @defaultValue 1 */
  readonly firstLine?: number;
}

const LABEL = /^\s*([a-z_.$][\w.$@]*|\d+)\s*:(?!:)\s*/i;
/** `call bpf_ktime_get_ns#5`, as the kernel prints it, is no comment. */
const NUMBERED_CALL = /\bcall\s+[a-z_.$][\w.$]*#-?\d/i;
/** Arguments of directives; what they say does not matter, but it must not be taken for a comment. */
const STRING = /"(?:\\.|[^"\\\n])*"/g;

/** All statements, in order. */
export function statements(text: string, options: SourceOptions = {}): Statement[] {
  const found: Statement[] = [];
  const first = options.firstLine ?? 1;
  withoutBlockComments(text, options)
    .split('\n')
    .forEach((line, index) => {
      const where = place(options, first + index);
      for (const part of withoutLineComment(line).split(';')) {
        const statement = { ...splitLabels(part), where, line: first + index };
        if (statement.labels.length > 0 || statement.text !== '') found.push(statement);
      }
    });
  return found;
}

const place = (options: SourceOptions, line: number): string =>
  options.name === undefined ? `line ${line}` : `${options.name}:${line}`;

function withoutBlockComments(text: string, options: SourceOptions): string {
  const kept = text
    .replace(/\r\n?/g, '\n')
    .replace(STRING, (string) => string.replace(/[;:#/*]/g, '_'))
    .replace(/\/\*[\s\S]*?\*\//g, (comment) => comment.replace(/[^\n]/g, ' '));
  const open = kept.split('\n').findIndex((line) => withoutLineComment(line).includes('/*'));
  if (open >= 0) {
    throw badInput(
      'assemble',
      place(options, (options.firstLine ?? 1) + open),
      'the comment `/*` has no end `*/`',
    );
  }
  return kept;
}

function withoutLineComment(line: string): string {
  if (/^\s*;/.test(line)) return '';
  const slashes = line.indexOf('//');
  const from = NUMBERED_CALL.test(line) ? line.indexOf('#') + 1 : 0;
  const hash = line.indexOf('#', from);
  const ends = [slashes, hash].filter((at) => at >= 0);
  return ends.length === 0 ? line : line.slice(0, Math.min(...ends));
}

function splitLabels(text: string): Pick<Statement, 'labels' | 'text'> {
  const labels: string[] = [];
  let rest = text;
  for (let found = LABEL.exec(rest); found !== null; found = LABEL.exec(rest)) {
    labels.push(found[1] as string);
    rest = rest.slice(found[0].length);
  }
  return { labels, text: rest.trim() };
}
