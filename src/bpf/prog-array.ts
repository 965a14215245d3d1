/** Program arrays: laid out from PROG_ARRAY_BASE, and as a line of text, as in `# oracle: prog-array jumps first,-,second`. */
import { badInput } from '../core/errors.ts';
import { PROG_ARRAY_BASE, PROG_ARRAY_STRIDE } from '../core/layout.ts';
import { hex } from '../core/u64.ts';

const MAX_ARRAYS = 16;
const MAX_ENTRIES = 256;
const LINE = /^([\w.$-]+)\s+(\S.*)$/;
/** Where there is no program. */
const NONE = '-';

/** A program array as a file states it: by index, the first slot of a program; null where there is none. */
export interface StatedProgArray {
  readonly name: string;
  readonly programs: readonly (number | null)[];
}

/** One in memory: what a tail call picks the next program from. By index, the subprog where it starts. */
export interface ProgArray extends StatedProgArray {
  readonly address: bigint;
}

/** What lies in memory beside them. */
interface Placed {
  readonly name: string;
  readonly address: bigint;
  readonly bytes: Uint8Array;
}

/** Name, and by index the function where a program starts. Throws an `input` error; `where` is named in it. */
export function parseProgArray(
  text: string,
  functions: ReadonlyMap<number, string>,
  where: string,
): StatedProgArray {
  const [, name, list] = LINE.exec(text.trim()) ?? [];
  if (name === undefined || list === undefined) {
    const why = `\`${text.slice(0, 60)}\` is no program array; it looks like jumps first,-,second`;
    throw badInput('read program array', where, why);
  }
  const programs = list.split(',').map((entry) => slotOf(entry.trim(), functions, where));
  if (programs.length > MAX_ENTRIES)
    throw badInput(
      'read program array',
      where,
      `${name} has ${programs.length} entries; at most ${MAX_ENTRIES}`,
    );
  return { name, programs };
}

function slotOf(entry: string, functions: ReadonlyMap<number, string>, where: string): number | null {
  if (entry === NONE) return null;
  if (entry === 'main') return 0;
  const unnamed = /^func_(\d+)$/.exec(entry)?.[1];
  const named = [...functions].find(([, name]) => name === entry)?.[0];
  if (named !== undefined) return named;
  if (unnamed !== undefined) return Number(unnamed);
  const why = `there is no function \`${entry}\`; declare it (.type ${entry}, @function), or write ${NONE} for none`;
  throw badInput('read program array', where, why);
}

/** The line that {@link parseProgArray} reads; functions are named by their slots, whatever names they have. */
export const progArrayText = (
  { name, programs }: ProgArray,
  subprogs: readonly { readonly start: number }[],
): string =>
  `${name} ${programs.map((index) => (index === null ? NONE : `func_${subprogs[index]?.start}`)).join(',')}`;

/** From first slots to subprogs. Throws an `input` error where arrays and data would lie in one place. */
export function progArraysOf(
  stated: readonly StatedProgArray[],
  starts: readonly number[],
  data: readonly Placed[],
): readonly ProgArray[] {
  if (stated.length > MAX_ARRAYS)
    throw badInput('program', `${stated.length} program arrays`, `there can be ${MAX_ARRAYS}`);
  const end = PROG_ARRAY_BASE + BigInt(MAX_ARRAYS * PROG_ARRAY_STRIDE);
  const over = data.find(
    ({ address, bytes }) => address < end && address + BigInt(bytes.length) > PROG_ARRAY_BASE,
  );
  if (over !== undefined) {
    const why = `program arrays lie from ${hex(PROG_ARRAY_BASE)} on; put it elsewhere`;
    throw badInput('program', `${over.name} at ${hex(over.address)}`, why);
  }
  return stated.map(({ name, programs }, i) => ({
    name,
    address: PROG_ARRAY_BASE + BigInt(i * PROG_ARRAY_STRIDE),
    programs: programs.map((slot) => (slot === null ? null : starts.indexOf(slot))),
  }));
}
