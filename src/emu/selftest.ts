/**
 * An engine's self-test: every form the JIT can emit, on boundary values, against what a CPU did with the same
 * code (selftest-truth.ts, recorded by scripts/record-truth.js).
 */
import { badInput } from '../core/errors.ts';
import type { U64 } from '../core/u64.ts';
import { type Engine, REG_FILE_WORDS, type Region, RFLAGS, type Stop } from './engine.ts';
import { BLOCK, BLOCK_WORDS, type Probe, probes, STATES } from './selftest-probes.ts';
import { TRUTH } from './selftest-truth.ts';

const CODE: Region = { name: 'self-test code', address: 0x4000_0000n, size: 0x1000, perms: 'rx' };
const MEMORY: Region = { name: 'self-test memory', address: 0x35d1_8000_0000n, size: 0x1000, perms: 'rw' };
const RETURN_TO = 0x6000_0000n;
const RDI = 7;
const RSP = 4;
const FUEL = 64;
/** Offset of the stack top within MEMORY; the block is at its start. */
const STACK_OFFSET = 0x800;

/** What a word of the block is, in the order of a truth row. */
const WORDS = ['flags', 'rax', 'memory', 'rdx', 'rcx'] as const;
type Word = (typeof WORDS)[number];

/** One form and one state in which the engine is not the CPU. */
export interface Disagreement {
  /** Probe, e.g. `add_rm64_imm8 rax, -128`. */
  readonly probe: string;
  readonly notation: string;
  /** rax, rcx, rdx, rflags, memory before. */
  readonly state: readonly U64[];
  readonly what: Word | 'end';
  readonly want: U64 | 'end';
  readonly got: U64 | Stop;
}

/** A fault of libunicorn that does not reach the results. */
export interface KnownFault {
  readonly what: string;
  readonly covered: string;
}

export interface SelfTestResult {
  readonly forms: number;
  readonly probes: number;
  /** Start values each probe runs on. */
  readonly states: number;
  readonly disagreements: readonly Disagreement[];
  readonly known: readonly KnownFault[];
}

/** libunicorn against the CPU, beyond what the probes see. */
export const KNOWN_FAULTS: readonly KnownFault[] = [
  {
    what: 'cmpxchg r/m32, r32 that succeeds zeroes rax[63:32] (every version)',
    covered: 'the engine gives the upper half back; probed',
  },
  {
    what: 'popcnt, movbe, rdrand, rdseed are #UD (2.0.x)',
    covered: 'reported as unsupported, not as a fault of the code',
  },
  {
    what: 'pdep and pext take their operands the wrong way round (2.0.x)',
    covered: 'not covered; no form of the JIT uses them',
  },
  {
    what: 'rip and flags of a faulting load or store are those of its block (2.0.x)',
    covered: 'the run is repeated with every instruction hooked',
  },
];

/** Runs the self-test on an engine that has nothing mapped; leaves it so. Some 3000 runs, 0.1 s. */
export function selfTest(engine: Engine): SelfTestResult {
  const memory = engine.map(MEMORY);
  engine.map(CODE);
  try {
    const all = probes();
    const disagreements = all.flatMap((probe) => {
      engine.load(CODE.address, probe.code);
      return compareProbe(probe, (state) => runProbe(engine, memory, state));
    });
    const forms = new Set(all.map(({ notation, name }) => `${notation} ${name.split(' ')[0]}`)).size;
    return {
      forms,
      probes: all.length,
      states: STATES.length,
      disagreements,
      known: engine.caps.isCpu ? [] : KNOWN_FAULTS,
    };
  } finally {
    engine.unmap(CODE);
    engine.unmap(MEMORY);
  }
}

/**
 * A truth row: for each state its results, separated by spaces. What scripts/record-truth.js writes.
 * @public
 */
export function truthRow(probe: Probe, run: (state: BigUint64Array) => BigUint64Array): string {
  return STATES.map((state) => formatResult(state, run(state), probe)).join(' ');
}

type Ran = { readonly stop: Stop; readonly block: BigUint64Array };

function compareProbe(probe: Probe, run: (state: BigUint64Array) => Ran): Disagreement[] {
  const row = TRUTH[probe.name]?.split(' ');
  if (row === undefined) throw badInput('self-test', probe.name, 'selftest-truth.ts has no row for it');
  return STATES.flatMap((state, i): Disagreement[] => {
    const { stop, block } = run(state);
    const where = { probe: probe.name, notation: probe.notation, state: [...state] };
    if (stop.kind !== 'end') return [{ ...where, what: 'end', want: 'end', got: stop }];
    const want = parseResult(state, row[i] ?? '');
    const got = resultOf(block, probe);
    const what = WORDS.find((word) => got[word] !== want[word]);
    return what === undefined ? [] : [{ ...where, what, want: want[what], got: got[what] }];
  });
}

function runProbe(engine: Engine, memory: () => Uint8Array, state: BigUint64Array): Ran {
  const { buffer, byteOffset, byteLength } = memory();
  const words = new BigUint64Array(buffer, byteOffset, byteLength / 8);
  words.set(state);
  words[STACK_OFFSET / 8] = RETURN_TO;
  const regs = new BigUint64Array(REG_FILE_WORDS);
  regs[RDI] = MEMORY.address;
  regs[RSP] = MEMORY.address + BigInt(STACK_OFFSET);
  regs[RFLAGS] = 2n;
  const run = {
    start: CODE.address,
    until: RETURN_TO,
    regs,
    fuel: FUEL,
    watch: new Set<number>(),
    watcher: () => {},
  };
  const stop = engine.run(run, new BigUint64Array(REG_FILE_WORDS));
  return { stop, block: words.slice(0, BLOCK_WORDS) };
}

type Result = Readonly<Record<Word, U64>>;

function resultOf(block: BigUint64Array, probe: Probe): Result {
  const word = (name: Word): U64 => block[BLOCK[name]] ?? 0n;
  return {
    flags: word('flags') & probe.definedFlags,
    rax: word('rax'),
    memory: word('memory'),
    rdx: word('rdx'),
    rcx: word('rcx'),
  };
}

/** Words in hex, separated by commas, trailing empties left out: empty means as before. Flags always stand. */
function formatResult(state: BigUint64Array, block: BigUint64Array, probe: Probe): string {
  const result = resultOf(block, probe);
  const cells = WORDS.map((word) =>
    word === 'flags' || result[word] !== state[BLOCK[word]] ? result[word].toString(16) : '',
  );
  return cells.join(',').replace(/,+$/, '');
}

function parseResult(state: BigUint64Array, text: string): Result {
  const cells = text.split(',');
  const word = (name: Word): U64 => {
    const cell = cells[WORDS.indexOf(name)] ?? '';
    return cell === '' ? (state[BLOCK[name]] ?? 0n) : BigInt(`0x${cell}`);
  };
  return {
    flags: word('flags'),
    rax: word('rax'),
    memory: word('memory'),
    rdx: word('rdx'),
    rcx: word('rcx'),
  };
}
