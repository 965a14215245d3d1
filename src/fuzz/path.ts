/** Paths, as fast-check writes them: a case's index, then which shrink was taken at each step: `12:0:3`. */
import { badInput } from '../core/errors.ts';

/** A case of a campaign, or one it shrank to. */
export interface CasePath {
  readonly index: number;
  /** The number of the simpler value taken at each step. */
  readonly choices: readonly number[];
}

export const formatPath = ({ index, choices }: CasePath): string =>
  choices.length === 0 ? `${index}` : [index, ...choices].join(':');

/** Throws an `input` error; `where` names the option or file it came from. */
export function parsePath(text: string, where: string): CasePath {
  const parts = text.trim().split(':');
  const numbers = parts.map((part) => (/^\d+$/.test(part) ? Number(part) : Number.NaN));
  const [index, ...choices] = numbers;
  if (index === undefined || !numbers.every(Number.isSafeInteger))
    throw badInput('read path', where, `\`${text}\` is not a path; it looks like 12 or 12:0:3`);
  return { index, choices };
}
