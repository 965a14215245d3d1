/** Calls, in every spelling: by number, by name, by distance; `helper`, `local` and `runtime` of bpf_conformance. */
import type { Builder, Target } from './builder.ts';
import type { Cursor } from './cursor.ts';
import { jumpTarget } from './operands.ts';

/**
 * `name#number` is how the kernel prints helpers and kfuncs alike. Helper numbers are small (Linux has about
 * 211), BTF ids of kfuncs are not.
 */
const MAX_HELPER = 511;

/** The operand of `call`. */
export function call(cursor: Cursor, builder: Builder): void {
  const following = cursor.peek(1)?.text;
  const isMode = following !== undefined && following !== '#' && following !== ',';
  if (isMode && cursor.accept('helper')) plain(cursor, builder);
  else if (isMode && cursor.accept('local')) builder.emitCall(jumpTarget(cursor, 32), 0, cursor.where);
  else if (isMode && cursor.accept('runtime')) runtime(cursor, builder);
  else plain(cursor, builder);
}

/** `call 5`, `call %r2`, `call pc+3`, `call f#5`, `call f` */
function plain(cursor: Cursor, builder: Builder): void {
  const token = cursor.peek();
  const following = cursor.peek(1)?.text;
  if (cursor.peekReg() !== undefined) builder.emit({ kind: 'callx', dst: cursor.reg(64) });
  else if (token?.kind !== 'name') builder.emitNumberedCall('helper', cursor.imm32());
  else if (token.text === 'pc' && (following === '+' || following === '-')) programLocal(cursor, builder);
  else if (following === '#') numbered(cursor, builder);
  else named(cursor, builder);
}

/** `call foo`; `call foo, 2` if foo is a kfunc of the module with BTF index 2. */
function named(cursor: Cursor, builder: Builder): void {
  const name = cursor.name('a function');
  builder.emitCall(name, moduleIndex(cursor), cursor.where);
}

const moduleIndex = (cursor: Cursor): number => (cursor.accept(',') ? cursor.offset16() : 0);

/** `call runtime 7` */
function runtime(cursor: Cursor, builder: Builder): void {
  const id = cursor.imm32();
  builder.emitNumberedCall('kfunc', id, { off: moduleIndex(cursor) });
}

/** `call pc+3`, which bpftool follows with the name after `#`. */
function programLocal(cursor: Cursor, builder: Builder): void {
  const target: Target = jumpTarget(cursor, 32);
  if (cursor.accept('#')) cursor.next();
  builder.emitCall(target, 0, cursor.where);
}

/** `call bpf_ktime_get_ns#5` */
function numbered(cursor: Cursor, builder: Builder): void {
  const name = cursor.name('a function');
  cursor.expect('#');
  const id = cursor.imm32();
  const target = id >= 0 && id <= MAX_HELPER ? 'helper' : 'kfunc';
  builder.emitNumberedCall(target, id, name === 'unknown' ? {} : { name });
}
