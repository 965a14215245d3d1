/** Words of one assembler statement, in either dialect. The dialects give them their meaning. */
import { badInput } from '../../core/errors.ts';

export interface Token {
  readonly kind: 'number' | 'name' | 'punct';
  readonly text: string;
  /** No blank between this token and the one before. */
  readonly glued: boolean;
}

const BLANK = /\s*/y;
/** A number, or a reference to a numeric label such as `1b` (kept as a name). */
const NUMBER = /0x[0-9a-f]+(?!\w)|0b[01]+(?!\w)|\d+[bf](?!\w)|\d+(?!\w)/iy;
/** Operators that begin with s stand before names: `r1 s>>= 3`, `if r1 s> r2`. */
const PUNCT = /<<=|s?(?:>>=|>=|<=|\/=|%=|<|>)|[-+*&|^=!]=|[-+*/&|^=!()[\]{},:#~]/iy;
const NAME = /%?[a-z_.$][\w.$@]*/iy;

/** The tokens of `text`; `where` names its line in errors. */
export function tokenize(text: string, where: string): Token[] {
  const tokens: Token[] = [];
  let at = match(BLANK, text, 0).length;
  let glued = false;
  while (at < text.length) {
    const token = tokenAt(text, at);
    if (token === undefined) throw badToken(text, at, where);
    tokens.push({ ...token, glued });
    const end = at + token.text.length;
    at = end + match(BLANK, text, end).length;
    glued = at === end;
  }
  return tokens;
}

function tokenAt(text: string, at: number): Omit<Token, 'glued'> | undefined {
  const number = match(NUMBER, text, at);
  if (number !== '') return { kind: /^\d+[bf]$/i.test(number) ? 'name' : 'number', text: number };
  const punct = match(PUNCT, text, at);
  if (punct !== '') return { kind: 'punct', text: punct.toLowerCase() };
  const name = match(NAME, text, at);
  return name === '' ? undefined : { kind: 'name', text: name };
}

function match(pattern: RegExp, text: string, at: number): string {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0] ?? '';
}

function badToken(text: string, at: number, where: string): Error {
  const word = /^[^\s,;()[\]]+/.exec(text.slice(at))?.[0] ?? text.charAt(at);
  if (/^\d+ll$/i.test(word)) {
    return badInput(
      'assemble',
      where,
      `\`${word}\`: put a blank before \`ll\` to load a 64-bit immediate (LLVM reads \`${word}\` as 32-bit)`,
    );
  }
  return badInput(
    'assemble',
    where,
    `\`${word}\` is neither a number, a name nor an operator of BPF assembler`,
  );
}
