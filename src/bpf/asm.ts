/** Assembler text, in either dialect, to instructions (asm/ holds its parts). */
import { badInput } from '../core/errors.ts';
import { type Assembled, Builder } from './asm/builder.ts';
import { Cursor } from './asm/cursor.ts';
import { type Dialect, detectDialect } from './asm/dialect.ts';
import { directive, type SectionKind } from './asm/directives.ts';
import { llvmStatement } from './asm/llvm.ts';
import { mnemonicStatement } from './asm/mnemonic.ts';
import { type SourceOptions, statements } from './asm/source.ts';
import { tokenize } from './asm/tokens.ts';
import type { RegisterRange } from './reg.ts';

export type { Assembled } from './asm/builder.ts';
export type { Dialect } from './asm/dialect.ts';

export interface AssembleOptions extends SourceOptions {
  /** @defaultValue 'auto', by the first instruction that only one dialect has */
  readonly dialect?: Dialect | 'auto';
  /** @defaultValue 'general' */
  readonly registers?: RegisterRange;
}

/**
 * Assembles a whole text. Labels end in a colon; a name that is called and not defined is a kfunc, numbered
 * 1, 2, … in order of first appearance. Throws an `input` error that names the line, what stands there and
 * what was expected.
 */
export function assemble(text: string, options: AssembleOptions = {}): Assembled {
  const source = statements(text, options);
  const wanted = options.dialect ?? 'auto';
  const dialect = wanted === 'auto' ? detectDialect(source) : wanted;
  const read = dialect === 'llvm' ? llvmStatement : mnemonicStatement;
  const builder = new Builder();
  let section: SectionKind = 'code';
  for (const { labels, text: statement, where, line } of source) {
    builder.startLine(line);
    for (const label of labels) builder.label(label, section, where);
    if (statement === '') continue;
    if (statement.startsWith('.')) section = directive(statement, section, builder, where);
    else if (section === 'data')
      throw badInput('assemble', where, `\`${statement}\` stands in a data section`);
    else read(new Cursor(tokenize(statement, where), where, options.registers), builder);
  }
  if (builder.pc === 0) throw badInput('assemble', options.name ?? 'text', 'there is no instruction in it');
  return builder.finish();
}
