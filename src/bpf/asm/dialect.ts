/** Tells the two dialects apart. */
import { isMnemonic } from './mnemonic.ts';
import type { Statement } from './source.ts';

/** `llvm`: pseudo-C, `r1 += r2`. `mnemonic`: `add %r1, %r2` of uBPF and bpf_conformance. */
export type Dialect = 'llvm' | 'mnemonic';

/** Words that start a statement in LLVM's dialect only. */
const LLVM_WORDS = new Set(['if', 'goto', 'gotol', 'store_release']);
/** Words both dialects have: they decide nothing. */
const SHARED_WORDS = new Set(['call', 'callx', 'exit', 'may_goto']);

/** `probe` and `arena` go before what either dialect has. */
const withoutAccess = (text: string): string => text.replace(/^(?:probe|arena)\s+/i, '');

/** By the first statement that only one of them has; LLVM's if every statement could be either. */
export function detectDialect(statements: readonly Pick<Statement, 'text' | 'where'>[]): Dialect {
  for (const { text } of statements) {
    const word = /^[\w.%*]+/.exec(withoutAccess(text))?.[0]?.toLowerCase() ?? '';
    if (SHARED_WORDS.has(word) || word === '') continue;
    if (word.startsWith('.') || word.startsWith('*') || LLVM_WORDS.has(word)) return 'llvm';
    if (word === 'lock') return /^lock\s*\*/i.test(withoutAccess(text)) ? 'llvm' : 'mnemonic';
    if (/=/.test(text)) return 'llvm';
    if (isMnemonic(word)) return 'mnemonic';
  }
  return 'llvm';
}
