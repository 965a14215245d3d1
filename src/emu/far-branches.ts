/**
 * Keeps libunicorn from ending this process: far calls and jumps through a register (FF /3 and FF /5, mod 3) are #UD
 * on a CPU, but libunicorn 2.0.1 to 2.1 translate them with an address nobody computed, and its translator aborts.
 * UD2 stands in for each that code can reach: it is as long, and the same fault.
 */
import { iced } from '../x86/iced.ts';
import { insnLayout } from '../x86/insn-length.ts';
import { plainLength } from '../x86/plain-length.ts';
import { isPrefix } from '../x86/prefixes.ts';
import { isFarThroughRegister } from './rare-opcodes.ts';

const OPCODE = 0xff;
/** SDM 2A §2.3.11. */
const MAX_INSN_BYTES = 15;
const UD2 = [0x0f, 0x0b];
/** First byte of opcodes of two bytes. */
const TWO_BYTES = 0x0f;

/** Code that libunicorn can translate. */
export interface SafeCode {
  /** The same code, or a copy without such branches. */
  readonly code: Uint8Array;
  /** Whether the copy does all that the code does: not if such a branch shares bytes with another instruction. */
  readonly isFaithful: boolean;
}

/**
 * Worth asking where rareOpcodes finds bytes of one; most are part of a constant. `entries`: offsets where the code goes
 * on after a fault.
 */
export function withoutFarBranches(code: Uint8Array, entries: readonly number[] = []): SafeCode {
  if (isPlain(code, entries)) return { code, isFaithful: true };
  const { places, covered } = placesIn(code, entries);
  if (places.length === 0) return { code, isFaithful: true };
  const safe = code.slice();
  for (const at of places) safe.set(UD2, at);
  const isShared = places.some((at) => covered[at] === 1 || covered[at + 1] === 1);
  return { code: safe, isFaithful: !isShared };
}

/**
 * Whether code is one row of instructions of known lengths, none of them such a branch, and direct branches go from
 * one to another: a tenth of the work of decoding them.
 */
function isPlain(code: Uint8Array, entries: readonly number[]): boolean {
  const starts = noStarts(code.length);
  const targets = entries.slice();
  let at = 0;
  while (at < code.length) {
    starts[at] = 1;
    // None of these is a branch.
    const plain = plainLength(code, at);
    if (plain > 0) {
      at += plain;
      continue;
    }
    const size = displacementBytes(code, at);
    if (size !== 0) {
      at += (code[at] === TWO_BYTES ? 2 : 1) + size;
      if (at > code.length) return false;
      targets.push(at + displacement(code, at - size, size));
      continue;
    }
    const layout = insnLayout(code.subarray(at, at + MAX_INSN_BYTES));
    if (layout === undefined || opcodeAt(code, at) !== undefined) return false;
    if (!layout.movable) return false;
    at += layout.length;
  }
  for (let i = 0; i < targets.length; i++) {
    const target = targets[i] as number;
    if (target >= 0 && target < code.length && starts[target] !== 1) return false;
  }
  return true;
}

/** Where instructions start, for one look at a time: to make one costs as much as a fifth of the look. */
let startsOfLook = new Uint8Array(1024);

function noStarts(length: number): Uint8Array {
  if (startsOfLook.length < length) startsOfLook = new Uint8Array(2 * length);
  else startsOfLook.fill(0, 0, length);
  return startsOfLook;
}

/** Signed, of 1 or 4 bytes. */
function displacement(code: Uint8Array, at: number, size: 1 | 4): number {
  if (size === 1) return ((code[at] as number) << 24) >> 24;
  const low = (code[at] as number) | ((code[at + 1] as number) << 8);
  return low | ((code[at + 2] as number) << 16) | ((code[at + 3] as number) << 24);
}

/** Of a direct branch without prefixes; 0 if it is none. */
function displacementBytes(code: Uint8Array, at: number): 0 | 1 | 4 {
  const [first = 0, second = 0] = [code[at], code[at + 1]];
  if ((first >= 0x70 && first <= 0x7f) || first === 0xeb) return 1;
  if (first === 0xe8 || first === 0xe9 || (first === 0x0f && second >= 0x80 && second <= 0x8f)) return 4;
  return 0;
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
