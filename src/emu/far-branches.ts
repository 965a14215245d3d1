/**
 * Keeps libunicorn from ending this process: far calls and jumps through a register (FF /3 and FF /5, mod 3) are #UD
 * on a CPU, but libunicorn 2.0.1 to 2.1 translate them with an address nobody computed, and its translator aborts.
 * UD2 stands in for each that code can reach: it is as long, and the same fault.
 */
import { iced } from '../x86/iced.ts';
import { isPrefix } from '../x86/prefixes.ts';
import { type InsnRow, insnRow } from './insn-row.ts';
import { isFarThroughRegister } from './rare-opcodes.ts';

const OPCODE = 0xff;
const UD2 = [0x0f, 0x0b];

/** Code that libunicorn can translate. */
export interface SafeCode {
  /** The same code, or a copy without such branches. */
  readonly code: Uint8Array;
  /** Whether the copy does all that the code does: not if such a branch shares bytes with another instruction. */
  readonly isFaithful: boolean;
  /** Its instructions, where they are of known lengths and none is such a branch. */
  readonly row?: InsnRow;
}

/**
 * Worth asking where rareOpcodes finds bytes of one; most are part of a constant. `entries`: offsets where the code goes
 * on after a fault.
 */
export function withoutFarBranches(code: Uint8Array, entries: readonly number[] = []): SafeCode {
  const row = insnRow(code, entries, (at) => opcodeAt(code, at) !== undefined);
  if (row !== null) return { code, isFaithful: true, row };
  const { places, covered } = placesIn(code, entries);
  if (places.length === 0) return { code, isFaithful: true };
  const safe = code.slice();
  for (const at of places) safe.set(UD2, at);
  const isShared = places.some((at) => covered[at] === 1 || covered[at + 1] === 1);
  return { code: safe, isFaithful: !isShared };
}

interface Places {
  /** Opcodes of such branches. */
  readonly places: readonly number[];
  /** 1 for each byte of another instruction that control can come to, as far as direct branches show. */
  readonly covered: Uint8Array;
}

/**
 * Looks at the instructions from the start on, from entries, and from the targets of direct branches on; then at what
 * follows where control does not go on, which other branches may lead to.
 */
function placesIn(code: Uint8Array, entries: readonly number[]): Places {
  const { Decoder, DecoderOptions } = iced();
  const decoder = new Decoder(64, code, DecoderOptions.None);
  const starts = new Set<number>();
  const places: number[] = [];
  const covered = new Uint8Array(code.length);
  const [reached, rest]: [number[], number[]] = [[0, ...entries], []];
  for (;;) {
    const pending = reached.length > 0 ? reached : rest;
    let at = pending.pop();
    if (at === undefined) break;
    while (at !== undefined && at < code.length && !starts.has(at)) {
      starts.add(at);
      decoder.position = at;
      decoder.ip = BigInt(at);
      const insn = decoder.decode();
      const place = insn.isInvalid ? opcodeAt(code, at) : undefined;
      if (place !== undefined) places.push(place);
      else if (!insn.isInvalid && pending === reached) covered.fill(1, at, at + insn.length);
      // What else is no instruction may be the beginning of one.
      const next: number = place === undefined ? at + (insn.isInvalid ? 1 : insn.length) : place + UD2.length;
      const target = insn.nearBranchTarget;
      const goesOn = pending === rest || !endsFlow(insn.flowControl);
      insn.free();
      if (target > 0n && target < BigInt(code.length)) pending.push(Number(target));
      if (!goesOn) rest.push(next);
      at = goesOn ? next : undefined;
    }
  }
  decoder.free();
  return { places, covered };
}

function endsFlow(flow: number): boolean {
  const { FlowControl } = iced();
  return [
    FlowControl.UnconditionalBranch,
    FlowControl.IndirectBranch,
    FlowControl.Return,
    FlowControl.Exception,
  ].includes(flow);
}

/** Where the opcode of such a branch is, behind its prefixes; undefined if it is none. */
function opcodeAt(code: Uint8Array, start: number): number | undefined {
  let at = start;
  while (at < code.length && isPrefix(code[at] ?? 0)) at++;
  return code[at] === OPCODE && isFarThroughRegister(code[at + 1] ?? 0) ? at : undefined;
}
