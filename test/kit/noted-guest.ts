/** A guest under Unicorn with code, the `ret` of a callee and a stack, whose runs are watched or noted. */
import { CALLEE_BASE, CODE_BASE, ENTRY_RSP, STACK_BASE, STACK_SIZE } from '../../src/core/layout.ts';
import { REG_FILE_WORDS, RFLAGS, type RunRequest, type Stop } from '../../src/emu/engine.ts';
import { openUnicorn } from '../../src/emu/unicorn.ts';
import { RSP } from '../../src/x86/reg.ts';

export const UNTIL = 0x7fff_0000n;
export const START_RSP = ENTRY_RSP - 8n;
const FUEL = 100_000;

export const hex = (text: string): number[] => [...Buffer.from(text.replaceAll(' ', ''), 'hex')];

/** `call`, at one offset or address, of another. */
export const call = (from: number, to: number): number[] => [
  0xe8,
  ...new Uint8Array(Int32Array.of(to - (from + 5)).buffer),
];

export class NotedGuest {
  readonly engine = openUnicorn();
  readonly stack: () => Uint8Array;
  /** Registers at the end of the last run. */
  readonly out = new BigUint64Array(REG_FILE_WORDS);

  constructor() {
    this.engine.map({ name: 'code', address: CODE_BASE, size: 0x1000, perms: 'rx' });
    this.engine.map({ name: 'callees', address: CALLEE_BASE, size: 0x1000, perms: 'rx' });
    this.engine.load(CALLEE_BASE, Uint8Array.of(0xc3));
    this.stack = this.engine.map({ name: 'stack', address: STACK_BASE, size: STACK_SIZE, perms: 'rw' });
  }

  /** Runs the code from its first byte on, on a stack of zeros, until it returns. */
  run(code: Uint8Array, request: Pick<RunRequest, 'watch' | 'watcher'> & Partial<RunRequest>): Stop {
    this.engine.load(CODE_BASE, code);
    this.stack().fill(0);
    new DataView(this.stack().buffer).setBigUint64(Number(START_RSP - STACK_BASE), UNTIL, true);
    const regs = new BigUint64Array(REG_FILE_WORDS);
    regs[RSP] = START_RSP;
    regs[RFLAGS] = 2n;
    return this.engine.run({ start: CODE_BASE, until: UNTIL, regs, fuel: FUEL, ...request }, this.out);
  }
}
