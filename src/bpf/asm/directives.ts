/**
 * Directives of GNU-style assembly as clang -S writes it for BPF. Those that only inform are passed over;
 * those that would put bytes between instructions, or that compute, are refused by name.
 */
import { badInput } from '../../core/errors.ts';
import type { Builder } from './builder.ts';

export type SectionKind = 'code' | 'data';

const INFORMS = new Set(
  `.file .ident .local .weak .hidden .protected .internal .size .loc .addrsig .addrsig_sym
   .cfi_sections .cfi_startproc .cfi_endproc .cfi_def_cfa .cfi_def_cfa_offset .cfi_def_cfa_register .cfi_offset
   .cfi_restore .cfi_personality .cfi_lsda .code64 .att_syntax .comm .lcomm .end`.split(/\s+/),
);
const PUTS_BYTES = new Set(
  `.byte .short .value .2byte .hword .word .long .int .4byte .quad .8byte .xword .octa .zero .skip .space
   .fill .ascii .asciz .string .uleb128 .sleb128 .org .float .double`.split(/\s+/),
);
const ALIGNS = new Set(['.p2align', '.align', '.balign']);
const DATA_SECTION =
  /^\.?(?:data|rodata|bss|debug|BTF|maps|ksyms|kconfig|symtab|strtab|llvm|note|comment|rel|license|version|eh_frame)/;

/** Obeys one directive; returns the section that is current after it. */
export function directive(text: string, section: SectionKind, builder: Builder, where: string): SectionKind {
  const [name = '', ...rest] = text.split(/[\s,]+/);
  switch (name) {
    case '.text':
      builder.section(name);
      return 'code';
    case '.data':
    case '.bss':
      return 'data';
    case '.section':
      return enterSection(text, (rest[0] ?? '').replaceAll('"', ''), builder);
    case '.type':
      if (/[@%]function\b/.test(text)) builder.declareFunction(rest[0] ?? '');
      return section;
    case '.globl':
    case '.global':
      builder.declareGlobal(rest[0] ?? '');
      return section;
    default:
      if (!harmless(name, rest, section)) throw refused(name, where);
      return section;
  }
}

function harmless(name: string, args: readonly string[], section: SectionKind): boolean {
  if (INFORMS.has(name) || section === 'data') return true;
  if (!ALIGNS.has(name)) return false;
  const bytes = name === '.p2align' ? 2 ** Number(args[0]) : Number(args[0]);
  return bytes <= 8;
}

/** Flags decide whether it is code where there are any (x is code), else the name. */
function enterSection(text: string, name: string, builder: Builder): SectionKind {
  const flags = /,\s*"([a-zA-Z?]*)"/.exec(text)?.[1];
  const isCode = flags === undefined ? !DATA_SECTION.test(name) : flags.includes('x');
  if (isCode) builder.section(name);
  return isCode ? 'code' : 'data';
}

function refused(name: string, where: string): Error {
  if (PUTS_BYTES.has(name)) {
    return badInput(
      'assemble',
      where,
      `${name} puts bytes among the instructions; write the instruction instead`,
    );
  }
  if (ALIGNS.has(name)) {
    return badInput(
      'assemble',
      where,
      `${name} to more than 8 bytes would put padding among the instructions; remove it`,
    );
  }
  return badInput(
    'assemble',
    where,
    `the directive ${name} is not supported here; assemble with clang and load the .o`,
  );
}
