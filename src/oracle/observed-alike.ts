/**
 * Whether two runs of the reference show the same where the first one shows anything: what is poison in `want`
 * is not looked at, but what is defined there and poison in `got` is a difference.
 */
import type { Execution, Outcome, StackBytes, Trace, TraceEvent, Word } from '../core/execution.ts';

/** Everything `compare` looks at but what only native code can break. */
export function isObservedAlike(want: Execution, got: Execution): boolean {
  return (
    sameOutcome(want.outcome, got.outcome) &&
    sameBytes(bytesOf(want.memory, want.memoryPoison), bytesOf(got.memory, got.memoryPoison)) &&
    want.data.every((data, i) =>
      sameBytes(bytesOf(data, want.dataPoison?.[i]), bytesOf(got.data[i], got.dataPoison?.[i])),
    ) &&
    sameTrace(want.trace, got.trace)
  );
}

function sameOutcome(want: Outcome, got: Outcome): boolean {
  if (want.kind === 'exit') return got.kind === 'exit' && got.r0 === want.r0;
  if (want.kind !== 'fault' || got.kind !== 'fault') return false;
  const addressOf = ({ fault }: typeof want) => ('address' in fault ? fault.address : undefined);
  return want.pc === got.pc && want.fault.kind === got.fault.kind && addressOf(want) === addressOf(got);
}

/** Compared as far as both sides kept events. */
function sameTrace(want: Trace, got: Trace): boolean {
  const [w, g] = [want.events, got.events];
  const isWhole = want.total === w.length && got.total === g.length;
  if (isWhole && w.length !== g.length) return false;
  return w.slice(0, g.length).every((event, i) => sameEvent(event, g[i] as TraceEvent));
}

function sameEvent(want: TraceEvent, got: TraceEvent): boolean {
  if (!sameWord(want.result, got.result) || !sameStack(want.stack, got.stack)) return false;
  if (want.regs?.every((reg, i) => sameWord(reg, got.regs?.[i])) === false) return false;
  if (want.kind === 'return') return got.kind === 'return' && got.subprog === want.subprog;
  return (
    got.kind === 'call' &&
    got.callee.kind === want.callee.kind &&
    got.callee.id === want.callee.id &&
    want.args.every((arg, i) => sameWord(arg, got.args[i]))
  );
}

const sameWord = (want: Word, got: Word): boolean => want === undefined || want === got;

/** Frames end at r10: a shorter one shows fewer bytes. */
const sameStack = (want: StackBytes | null, got: StackBytes | null): boolean =>
  want === null || sameBytes(want, got ?? bytesOf(undefined, undefined));

type Bytes = Pick<StackBytes, 'bytes' | 'poison'>;

const bytesOf = (bytes: Uint8Array = new Uint8Array(), poison: Uint8Array | undefined): Bytes =>
  poison === undefined ? { bytes } : { bytes, poison };

/** Laid on each other at their ends. */
function sameBytes(want: Bytes, got: Bytes): boolean {
  const shift = got.bytes.length - want.bytes.length;
  return want.bytes.every(
    (byte, i) => want.poison?.[i] === 1 || (got.bytes[i + shift] === byte && got.poison?.[i + shift] !== 1),
  );
}
