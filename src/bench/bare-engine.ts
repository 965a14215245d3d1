/**
 * The bound: the same images on an engine, with nothing watched, counted, compared or put back. Helpers and
 * kfuncs return whatever is in rax, so the way through a program may be another one; loops of the generator end all the same.
 */
import type { Generated } from '../arb/lower.ts';
import type { Image } from '../core/image.ts';
import {
  CALLEE_BASE,
  CALLEE_STRIDE,
  CODE_BASE,
  CTX_BASE,
  ENTRY_RSP,
  PAGE_SIZE,
  STACK_BASE,
  STACK_SIZE,
} from '../core/layout.ts';
import { type Engine, REG_FILE_WORDS, type Region, RFLAGS } from '../emu/engine.ts';
import { compile } from '../jit/compile.ts';
import { RSP } from '../x86/reg.ts';
import { type Probe, perUnit } from './rounds.ts';

const RETURN_TO = 0x7fff_0000n;
const [RDI, RSI] = [7, 6];
const RET = 0xc3;
const CODE_SIZE = 0x4_0000;
const FUEL = 100_000;
const NOTHING: ReadonlySet<number> = new Set();

/** Runs the images of programs that have no data sections of their own addresses: the generator's have one place. */
export function bareEngine(name: string, engine: Engine, made: readonly Generated[]): Probe {
  const images = made
    .map(({ program }) => compile(program).image)
    .filter(({ code }) => code.length <= CODE_SIZE);
  const space = mapAll(engine, made);
  const regs = new BigUint64Array(REG_FILE_WORDS);
  const out = new BigUint64Array(REG_FILE_WORDS);
  const run = (image: Image): void => {
    regs.fill(0n);
    regs[RDI] = CTX_BASE;
    regs[RSI] = BigInt(PAGE_SIZE);
    regs[RSP] = ENTRY_RSP - 8n;
    regs[RFLAGS] = 2n;
    const stack = space.stack();
    const at = Number(ENTRY_RSP - 8n - STACK_BASE);
    new DataView(stack.buffer, stack.byteOffset).setBigUint64(at, RETURN_TO, true);
    engine.load(CODE_BASE, image.code);
    const start = image.base + BigInt(image.entry);
    const request = { start, until: RETURN_TO, regs, fuel: FUEL, watch: NOTHING, watcher: () => undefined };
    const { kind } = engine.run(request, out);
    if (kind !== 'end') throw new RangeError(`an image that ends when it is watched does not: ${kind}`);
  };
  return { name, run: () => new Map([['emulate', perUnit(images.length, () => images.forEach(run))]]) };
}

function mapAll(engine: Engine, made: readonly Generated[]): { readonly stack: () => Uint8Array } {
  const callees = Math.max(1, ...made.map(({ program }) => program.callees.size));
  const stubs = pages(callees * CALLEE_STRIDE);
  const stack = engine.map({ name: 'stack', address: STACK_BASE, size: STACK_SIZE, perms: 'rw' });
  engine.map({ name: 'code', address: CODE_BASE, size: CODE_SIZE, perms: 'rx' });
  engine.map({ name: 'callees', address: CALLEE_BASE, size: stubs, perms: 'rx' });
  engine.load(CALLEE_BASE, new Uint8Array(stubs).fill(RET));
  engine.map({ name: 'ctx', address: CTX_BASE, size: 16 * PAGE_SIZE, perms: 'rw' });
  for (const region of dataRegions(made)) engine.map(region);
  return { stack };
}

/** Where any of the programs has data, writable throughout. */
function dataRegions(made: readonly Generated[]): Region[] {
  const used = new Set<bigint>();
  for (const { program } of made) {
    for (const { address, bytes } of program.data) {
      const end = address + BigInt(Math.max(1, bytes.length));
      for (let page = address - (address % BigInt(PAGE_SIZE)); page < end; page += BigInt(PAGE_SIZE))
        used.add(page);
    }
  }
  return [...used].map((address) => ({ name: 'data', address, size: PAGE_SIZE, perms: 'rw' }));
}

const pages = (size: number): number => Math.ceil(size / PAGE_SIZE) * PAGE_SIZE;
