import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { assemble } from '../../src/bpf/asm.ts';
import { ATOMIC_ROWS } from '../../src/bpf/atomic.ts';
import { decode } from '../../src/bpf/decode.ts';
import { disassemble, disassembleProgram } from '../../src/bpf/disasm.ts';
import { encode } from '../../src/bpf/encode.ts';
import type { Insn } from '../../src/bpf/insn.ts';
import { buildProgram } from '../../src/bpf/program.ts';

const vectors = readFileSync(new URL('insns.vectors.txt', import.meta.url), 'utf8')
  .split('\n')
  .filter((line) => line !== '' && !line.startsWith('#'))
  .map((line) => line.split('\t') as [hex: string, llvm: string, mnemonic: string]);

const bytesOf = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex.replaceAll(' ', ''), 'hex'));
const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const flat = (hex: string): string => hex.replaceAll(' ', '');

describe('every instruction', () => {
  it.each(vectors)('%s is %s', (hex, llvm, mnemonic) => {
    const slots = decode(bytesOf(hex));
    const insn = slots[0] as Insn;
    expect(disassemble(insn)).toBe(llvm);
    expect(disassemble(insn, { dialect: 'mnemonic' })).toBe(mnemonic);
    expect(hexOf(encode(slots))).toBe(flat(hex));
    expect(hexOf(encode(assemble(llvm, { dialect: 'llvm' }).insns))).toBe(flat(hex));
    expect(hexOf(encode(assemble(mnemonic, { dialect: 'mnemonic' }).insns))).toBe(flat(hex));
  });

  it('no opcode is without a vector', () => {
    const listed = new Set(vectors.map(([hex]) => Number.parseInt(hex.slice(0, 2), 16)));
    const accepted = new Set(everyInsn().map((bytes) => bytes[0] as number));
    // Linux's own have theirs in linux-access.test.ts: 7 probes; of the arena 7 loads, 8 stores, 4 atomics.
    const others = [...accepted].filter((opcode) => !listed.has(opcode));
    expect(others.filter((opcode) => !isLinuxAccess(opcode))).toEqual([]);
    expect(others).toHaveLength(7 + 7 + 8 + 4);
    // ALU 24 ops x 2 classes, neg 2, end 3; jumps 44, ja 2, call, callx, exit, may_goto; loads 7 + 7; stores 8; atomics 4.
    expect(accepted.size - others.length).toBe(48 + 2 + 3 + 44 + 2 + 4 + 14 + 8 + 4);
  });
});

/** Modes 0x20, 0x40, 0xa0, 0xc0 of loads, 0xa0 and 0xe0 of stores. */
const isLinuxAccess = (opcode: number): boolean => {
  const mode = opcode & 0xe0;
  const family = opcode & 7;
  return family === 1
    ? mode !== 0x60 && mode !== 0x80
    : family === 2 || family === 3
      ? mode === 0xa0 || mode === 0xe0
      : false;
};

/** Each opcode with each of its variants, dst r1 and src r2 where it takes them. */
function everyInsn(): Uint8Array[] {
  const imms = [0, 5, -7, 16, 32, 64, ...ATOMIC_ROWS.map((row) => row.imm)];
  const found = new Map<string, Uint8Array>();
  for (let opcode = 0; opcode < 256; opcode++) {
    for (const regs of [0x00, 0x01, 0x10, 0x20, 0x21]) {
      for (const off of [0, 1, 8, 16, 32, -8]) {
        for (const imm of imms) {
          const bytes = new Uint8Array(opcode === 0x18 ? 16 : 8);
          const view = new DataView(bytes.buffer);
          bytes.set([opcode, regs]);
          view.setInt16(2, off, true);
          view.setInt32(4, imm, true);
          if (isValid(bytes)) found.set(hexOf(bytes), bytes);
        }
      }
    }
  }
  return [...found.values()];
}

function isValid(bytes: Uint8Array): boolean {
  try {
    decode(bytes);
    return true;
  } catch {
    return false;
  }
}

describe('disassemble', () => {
  it('writes labels and names of callees where it knows them', () => {
    const callee = { kind: 'kfunc', id: 7, name: 'kf', args: 3 } as const;
    const options = { pc: 3, labels: new Map([[5, 'there']]), callees: new Map([['kfunc:7', callee]]) };
    const text = (insn: Insn): string => disassemble(insn, options);
    expect(text({ kind: 'ja', width: 16, off: 1 })).toBe('goto there');
    expect(text({ kind: 'ja', width: 16, off: 2 })).toBe('goto +2');
    expect(text({ kind: 'call', target: 'local', imm: 1, off: 0 })).toBe('call there');
    expect(text({ kind: 'call', target: 'kfunc', imm: 7, off: 0 })).toBe('call kf');
    expect(text({ kind: 'call', target: 'kfunc', imm: 8, off: 0 })).toBe('call kfunc_8');
    expect(text({ kind: 'lddw', dst: 1, src: 4, imm: 1n })).toBe('r1 = there ll');
  });
});

describe('disassembleProgram', () => {
  const source = `entry:
  r1 = 5
  if r1 > 3 goto l3
  r1 += 1
l3:
  call sum
  call kf
  r2 = sum ll
  exit
sum:
  r0 = r1
  exit
`;
  it('writes what assemble reads, with names', () => {
    const { insns, functionNames, callees } = assemble(source);
    const program = buildProgram(insns, { functionNames, callees });
    expect(disassembleProgram(program)).toBe(source);
    const mnemonic = disassembleProgram(program, { dialect: 'mnemonic' });
    expect(mnemonic).toContain('call local sum\n  call runtime 1\n  lddw %r2, sum\n');
    expect(assemble(mnemonic).insns).toEqual(insns);
  });

  it.each([
    ['a name no assembler takes', 'foo.part-1'],
    ['a register', 'r1'],
    ['a word of the dialect', 'exit'],
    ['the name of another', 'main'],
  ])('renames a function called %s', (_what, name) => {
    const insns: Insn[] = [
      { kind: 'call', target: 'local', imm: 1, off: 0 },
      { kind: 'exit' },
      { kind: 'exit' },
    ];
    const program = buildProgram(insns, { functionNames: new Map([[2, name]]) });
    const text = disassembleProgram(program);
    expect(text).toBe('main:\n  call func_2\n  exit\nfunc_2:\n  exit\n');
    expect(assemble(text).insns).toEqual(insns);
  });

  it('does not name kfuncs whose ids the names would not give back', () => {
    const insns: Insn[] = [{ kind: 'call', target: 'kfunc', imm: 7, off: 0 }, { kind: 'exit' }];
    const program = buildProgram(insns, { callees: [{ kind: 'kfunc', id: 7, name: 'kf', args: 1 }] });
    expect(disassembleProgram(program)).toBe('main:\n  call kfunc_7\n  exit\n');
  });
});

const llvmVersion = spawnSync('llvm-mc-19', ['--version'], { encoding: 'utf8' });
const hasLlvm = llvmVersion.status === 0 && llvmVersion.stdout.includes('LLVM version 19.');

describe.skipIf(!hasLlvm)('against LLVM 19', () => {
  const folder = mkdtempSync(join(tmpdir(), 'bpf-disasm-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  function run(command: string, args: readonly string[]): string {
    const done = spawnSync(command, args, { encoding: 'utf8', maxBuffer: 1 << 26 });
    if (done.status !== 0) throw new Error(`${command} ${args.join(' ')}: ${done.stderr}`);
    return done.stdout;
  }

  /** Assembles with llvm-mc, lists with llvm-objdump: [bytes, text] of each instruction. */
  function throughLlvm(source: string): [hex: string, text: string][] {
    const [asm, object] = [join(folder, 'x.s'), join(folder, 'x.o')];
    writeFileSync(asm, `.text\n${source}\n`);
    run('llvm-mc-19', ['--triple=bpf', '--mcpu=v4', '--filetype=obj', asm, '-o', object]);
    const listing = run('llvm-objdump-19', ['-d', '--mcpu=v4', '--no-print-imm-hex', object]);
    return [...listing.matchAll(/^ *\d+:\t([0-9a-f ]+)\t(.*)$/gm)].map(([, hex = '', text = '']) => [
      flat(hex),
      text.replace(/ <\S+>$/, ''),
    ]);
  }

  /** What LLVM 19 does not know, or prints so that something is lost. */
  const isOurs = (insn: Insn): boolean =>
    (insn.kind === 'atomic' && (insn.op === 'load_acquire' || insn.op === 'store_release')) ||
    (insn.kind === 'call' && insn.target !== 'helper') ||
    (insn.kind === 'lddw' && insn.src !== 0) ||
    (insn.kind === 'ld_ind' && insn.imm !== 0);
  const shared = everyInsn().filter((bytes) => !isOurs(decode(bytes)[0] as Insn));

  it('llvm-objdump prints every instruction as we do', () => {
    const quads = shared.flatMap((bytes) => [...new BigUint64Array(bytes.slice().buffer)]);
    const want = throughLlvm(quads.map((word) => `.quad 0x${word.toString(16)}`).join('\n'));
    const got = shared.map((bytes) => [hexOf(bytes), disassemble(decode(bytes)[0] as Insn)]);
    expect(got.length).toBeGreaterThan(500);
    expect(got).toEqual(want);
  });

  it('llvm-mc assembles every instruction we print to the same bytes', () => {
    const text = shared.map((bytes) => disassemble(decode(bytes)[0] as Insn));
    const want = throughLlvm(text.join('\n')).map(([hex]) => hex);
    expect(shared.map(hexOf)).toEqual(want);
  });
});
