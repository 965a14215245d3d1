/** `probe` or `arena` before a load, a store or an atomic: an access of the verifier's making (insn.ts: Access). */
import type { Access, Insn } from '../insn.ts';
import { REG_COUNT } from '../reg.ts';
import type { Builder } from './builder.ts';
import type { Cursor } from './cursor.ts';

/** Reads such a statement by what reads the rest of it; false if it is none. */
export function accessStatement(
  cursor: Cursor,
  builder: Builder,
  read: (cursor: Cursor, builder: Builder) => void,
): boolean {
  const access = (['probe', 'arena'] as const).find((word) => cursor.at(word));
  if (access === undefined) return false;
  cursor.next();
  const before = builder.pc;
  read(cursor, builder);
  const last = builder.pc === before + 1 ? builder.takeLast() : undefined;
  const made = last === undefined ? undefined : accessing(last, access);
  if (made === undefined)
    throw cursor.fail(
      `\`${access}\` goes before a load${access === 'arena' ? ', a store or an atomic' : ''}`,
    );
  builder.emit(made);
  return true;
}

/** The same access, of the verifier's making; undefined if there is none such. */
function accessing(insn: Insn, access: Access): Insn | undefined {
  if (insn.kind === 'ldx') return insn.src < REG_COUNT ? { ...insn, access } : undefined;
  const isStore = insn.kind === 'st' || insn.kind === 'stx' || insn.kind === 'atomic';
  return isStore && access === 'arena' && insn.dst < REG_COUNT ? { ...insn, access } : undefined;
}
