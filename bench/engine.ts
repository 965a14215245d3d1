/**
 * What the engine costs: cases, blocks, calls. Prints medians of rounds in which all variants take turns, since
 * machines are shared.
 *
 *   npx tsc -p bench && node node_modules/.cache/bpf-oracle-bench/bench/engine.js
 */
import type { Env } from '../src/core/env.ts';
import type { ArgPlace, Image } from '../src/core/image.ts';
import { CALLEE_BASE, CODE_BASE, DATA_BASE, STACK_BASE, STACK_SIZE } from '../src/core/layout.ts';
import type { Engine, RunRequest } from '../src/emu/engine.ts';
import { ImageRunner, type NativeSubject } from '../src/emu/run-image.ts';
import { openUnicorn } from '../src/emu/unicorn.ts';

const ROUNDS = 5;
const UNTIL = 0x7fff_0000n;
const RSP = STACK_BASE + 0x2000n;
const RET = 0xc3;
const PLACES: readonly ArgPlace[] = [
  ...[7, 6, 2, 1, 8, 9].map((reg): ArgPlace => ({ in: 'reg', reg })),
  ...[0, 1, 2, 3, 4, 5].map((index): ArgPlace => ({ in: 'stack', index })),
];
const ENV: Env = { input: { memory: new Uint8Array(64) }, models: new Map(), insnLimit: 0 };

interface Variant {
  readonly name: string;
  readonly unit: string;
  /** Runs once; the number of units done. */
  readonly run: () => number;
}

function main(): void {
  const variants = [...fresh(), ...loops(), ...images(), ...calls()];
  const times = new Map<string, number[]>(variants.map(({ name }) => [name, []]));
  for (const { run } of variants) run();
  for (let round = 0; round < ROUNDS; round++) {
    for (const { name, run } of variants) {
      const start = process.hrtime.bigint();
      const units = run();
      times.get(name)?.push(Number(process.hrtime.bigint() - start) / units);
    }
  }
  for (const { name, unit } of variants) {
    const sorted = (times.get(name) ?? []).sort((a, b) => a - b);
    const median = sorted[ROUNDS >> 1] ?? 0;
    console.log(`${name.padEnd(56)} ${median.toFixed(1).padStart(10)} ns per ${unit}`);
  }
}

const GATES = ['native', 'js'] as const;

/** add rax, imm32, `insns` times, with new immediates each time: code never seen before. */
function fresh(): Variant[] {
  return GATES.flatMap((blockHook) => {
    const engine = codeEngine(blockHook);
    return [20, 100, 300].map((insns): Variant => {
      const code = new Uint8Array(insns * 6 + 1);
      const view = new DataView(code.buffer);
      let seed = 1;
      const next = (): number => {
        seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
        return seed;
      };
      for (let i = 0; i < insns; i++) code.set([0x48, 0x05], i * 6);
      code[insns * 6] = RET;
      return {
        name: `fresh code, ${insns} insns, ${blockHook} gate`,
        unit: 'case',
        run: () => {
          for (let k = 0; k < 500; k++) {
            for (let i = 0; i < insns; i++) view.setUint32(i * 6 + 2, next());
            engine.load(CODE_BASE, code);
            runCode(engine, 1000);
          }
          return 500;
        },
      };
    });
  });
}

/** dec ecx; jnz: a block of two instructions. */
function loops(): Variant[] {
  return GATES.map((blockHook) => {
    const engine = codeEngine(blockHook);
    engine.load(CODE_BASE, Uint8Array.of(0xb9, 0x40, 0x42, 0x0f, 0, 0xff, 0xc9, 0x75, 0xfc, RET));
    return {
      name: `loop of 1,000,000 blocks, ${blockHook} gate`,
      unit: 'block',
      run: () => {
        runCode(engine, 2_000_000);
        return 1_000_000;
      },
    };
  });
}

/** The least a run of an image costs. */
function images(): Variant[] {
  const runner = new ImageRunner(openUnicorn());
  const images = [1, 2].map((value) => imageOf(Uint8Array.of(0xb8, value, 0, 0, 0, RET)));
  const run = (pick: (k: number) => Image | undefined) => () => {
    for (let k = 0; k < 2000; k++) {
      const image = pick(k);
      if (image !== undefined) runner.run(image, subjectOf(0), ENV, { fuel: 100 });
    }
    return 2000;
  };
  return [
    { name: 'ImageRunner, mov; ret, the same image', unit: 'run', run: run(() => images[0]) },
    { name: 'ImageRunner, mov; ret, another image each time', unit: 'run', run: run((k) => images[k & 1]) },
  ];
}

const CALLS = 200;

/** 200 calls of a kfunc with 12 arguments: answered by the host, and recorded by a stub in the guest. */
function calls(): Variant[] {
  const runner = new ImageRunner(openUnicorn());
  const image = imageOf(callLoop(Number(CALLEE_BASE - CODE_BASE)));
  const subject = subjectOf(12);
  const env: Env = { ...ENV, models: new Map([['kfunc:1', () => 1n]]) };
  const host = (chosen: Env, fuel: number) => () => {
    runner.run(image, subject, chosen, { fuel, traceLimit: 4096 });
    return CALLS;
  };
  const guest = recordingEngine();
  return [
    { name: 'kfunc of 12 arguments, host, trivial model', unit: 'call', run: host(env, 10_000) },
    { name: 'kfunc of 12 arguments, host, default model', unit: 'call', run: host(ENV, 10_000) },
    {
      name: 'kfunc of 12 arguments, recorded by the guest',
      unit: 'call',
      run: () => {
        const [engine, record] = guest;
        runCode(engine, 10_000);
        return readRecord(record()).length;
      },
    },
  ];
}

/** mov ebx, 200; L: call +target; dec ebx; jnz L; ret, with room for six words of arguments. */
function callLoop(target: number): Uint8Array {
  const code = new Uint8Array(64);
  code.set([0x53, 0x48, 0x83, 0xec, 0x30, 0xbb, CALLS, 0, 0, 0]);
  code.set([0xe8], 10);
  new DataView(code.buffer).setInt32(11, target - 15, true);
  code.set([0xff, 0xcb, 0x75, 0xf7, 0x48, 0x83, 0xc4, 0x30, 0x5b, RET], 15);
  return code;
}

const RECORD_WORDS = 13;

/** The stub stores six registers, six words and the return address to [r12], advances r12 and returns. */
function recordingEngine(): readonly [Engine, () => Uint8Array] {
  const engine = openUnicorn();
  engine.map({ name: 'code', address: CODE_BASE, size: 0x1000, perms: 'rx' });
  mapStack(engine);
  const record = engine.map({ name: 'record', address: DATA_BASE, size: STACK_SIZE, perms: 'rw' });
  // biome-ignore format: an instruction a line
  const registers = [
    0x49, 0x89, 0x3c, 0x24,        // mov [r12], rdi
    0x49, 0x89, 0x74, 0x24, 8,     // mov [r12 + 8], rsi
    0x49, 0x89, 0x54, 0x24, 16,    // mov [r12 + 16], rdx
    0x49, 0x89, 0x4c, 0x24, 24,    // mov [r12 + 24], rcx
    0x4d, 0x89, 0x44, 0x24, 32,    // mov [r12 + 32], r8
    0x4d, 0x89, 0x4c, 0x24, 40,    // mov [r12 + 40], r9
  ];
  const words = Array.from({ length: 7 }, (_, i) => [
    ...[0x48, 0x8b, 0x44, 0x24, 8 * i], // mov rax, [rsp + 8 * i]
    ...[0x49, 0x89, 0x44, 0x24, 48 + 8 * i], // mov [r12 + 48 + 8 * i], rax
  ]).flat();
  const advance = [0x49, 0x83, 0xc4, RECORD_WORDS * 8, 0xb8, 1, 0, 0, 0, RET]; // add r12, 104; mov eax, 1; ret
  const code = new Uint8Array(0x200);
  code.set([0x49, 0xbc]); // movabs r12, DATA_BASE
  new DataView(code.buffer).setBigUint64(2, DATA_BASE, true);
  code.set(callLoop(0x100 - 10), 10);
  code.set([...registers, ...words, ...advance], 0x100);
  engine.load(CODE_BASE, code);
  return [engine, record];
}

/** Makes of the record what a trace holds: an array of arguments a call. */
function readRecord(bytes: Uint8Array): bigint[][] {
  const words = new BigUint64Array(bytes.buffer);
  return Array.from({ length: CALLS }, (_, call) =>
    Array.from(words.subarray(call * RECORD_WORDS, call * RECORD_WORDS + 12)),
  );
}

function codeEngine(blockHook: 'native' | 'js'): Engine {
  const engine = openUnicorn({ blockHook });
  engine.map({ name: 'code', address: CODE_BASE, size: 0x1000, perms: 'rx' });
  mapStack(engine);
  return engine;
}

/** A stack with UNTIL as the return address at RSP. */
function mapStack(engine: Engine): void {
  const stack = engine.map({ name: 'stack', address: STACK_BASE, size: STACK_SIZE, perms: 'rw' });
  new BigUint64Array(stack().buffer)[Number(RSP - STACK_BASE) / 8] = UNTIL;
}

const START = { regs: new BigUint64Array(17), out: new BigUint64Array(17) };

/** Enters at CODE_BASE with rsp at a pushed return address. */
function runCode(engine: Engine, fuel: number): void {
  const { regs, out } = START;
  regs[4] = RSP;
  regs[16] = 2n;
  const request: RunRequest = {
    start: CODE_BASE,
    until: UNTIL,
    regs,
    fuel,
    watch: new Set(),
    watcher: () => {},
  };
  const stop = engine.run(request, out);
  if (stop.kind !== 'end') throw new Error(`stopped by ${stop.kind}`);
}

const imageOf = (code: Uint8Array): Image => ({
  jit: 'bench',
  code,
  base: CODE_BASE,
  entry: 0,
  subprogEntries: [0],
  regs: [0, 7, 6, 2, 1, 8, 3, 13, 14, 15, 5],
  args: { bpf: PLACES, native: PLACES },
});

const subjects = new Map<number, NativeSubject>();

function subjectOf(args: number): NativeSubject {
  const known = subjects.get(args);
  const callees = [{ ref: { kind: 'kfunc', id: 1 }, args, address: CALLEE_BASE }] as const;
  const subject = known ?? { subprogs: [{ args: 2 }], callees, data: [] };
  subjects.set(args, subject);
  return subject;
}

main();
