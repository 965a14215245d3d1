/** Images of a kernel: the example, and small ones made by hand. Assembly stands beside the code. */
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { assemble } from '../../../src/bpf/asm.ts';
import { buildProgram } from '../../../src/bpf/program.ts';
import { Checker } from '../../../src/checker.ts';
import { OracleError } from '../../../src/core/errors.ts';
import { defaultAddresses } from '../../../src/jit/compile.ts';
import { openImageBundle } from '../../../src/jits/image/open.ts';
import { BUNDLE_SCHEMA } from '../../../src/jits/image/schema.ts';
import type { CaseResult } from '../../../src/oracle/case.ts';

const root = new URL('../../../', import.meta.url);
const example = (name: string): string => fileURLToPath(new URL(`examples/kernel-image/${name}`, root));
const dir = mkdtempSync(join(tmpdir(), 'bpf-oracle-image-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const write = (name: string, content: string | Uint8Array): void => writeFileSync(join(dir, name), content);
const bundleOf = (more: object): void =>
  write('bundle.json', JSON.stringify({ schema: 'bpf-oracle/image-bundle@1', ...more }));
const open = () => openImageBundle(join(dir, 'bundle.json'));

/** Judges `text`, twice: what a run writes, the next one does not see. */
function judge(text: string): CaseResult {
  const jit = open();
  const checker = new Checker({
    compile: (program, env) =>
      jit.compile(program, { contextSize: env.input.memory.length, addressOf: defaultAddresses(program) }),
  });
  try {
    const program = buildProgram(assemble(text, { dialect: 'llvm' }).insns);
    const options = { memory: Uint8Array.of(42, 0, 0, 0) };
    const first = checker.check(program, options);
    expect(checker.check(program, options).verdict).toBe(first.verdict);
    return first;
  } finally {
    checker.close();
  }
}

const why = ({ verdict, reason }: CaseResult): string =>
  `${verdict}${reason !== null && 'why' in reason ? `: ${reason.why}` : ''}`;

describe('an image of a kernel: endbr64, __fentry__, retpolines, gs:, absolute calls', () => {
  const text = readFileSync(example('prog.s'), 'utf8');
  const map = readFileSync(example('kernel.map'), 'utf8');
  beforeEach(() => {
    for (const name of ['prog.s', 'prog.jited.json', 'kernel.map'])
      copyFileSync(example(name), join(dir, name));
    copyFileSync(example('prog.json'), join(dir, 'bundle.json'));
  });

  it('runs, and agrees', () => {
    const result = judge(text);
    expect(why(result)).toBe('agree');
    expect(result.got?.trace.events.map((event) => event.kind === 'call' && event.callee.id)).toEqual([
      7,
      5,
      1,
      false,
      false,
    ]);
  });

  it.each([
    ['__fentry__', 'code 0xffffffff81c8a6b0 at image+0x4'],
    ['pcpu_hot', 'gs:0x34d50 at image+0x12'],
    ['bpf_get_prandom_u32', 'code 0xffffffff8127e0d0 at image+0x1c'],
    ['bpf_ktime_get_ns', 'the address 0xffffffff8128b460 at image+0x24'],
    ['__x86_indirect_thunk_rax', 'code 0xffffffff81e0f3a0 at image+0x2e'],
    ['__x86_return_thunk', 'code 0xffffffff81e0f560 at image+0x45, code 0xffffffff81e0f560 at image+0x61'],
    ['__x86_call_count', 'gs:0xffffffff82f4e320 at image+0x52'],
  ])('without %s in the map is inconclusive, and names the address', (name, unknown) => {
    write(
      'kernel.map',
      map
        .split('\n')
        .filter((line) => !line.includes(name))
        .join('\n'),
    );
    expect(why(judge(text))).toBe(`inconclusive: its map names nothing for ${unknown}`);
  });

  it('diverges where the map has two helpers the wrong way round', () => {
    write(
      'kernel.map',
      map.replace('helper:7', 'helper:X').replace('helper:5', 'helper:7').replace('helper:X', 'helper:5'),
    );
    expect(judge(text).verdict).toBe('diverge');
  });

  it('is the same as raw bytes with the lengths of its functions', () => {
    const functions: { insns: { opcodes: string[] }[] }[] = JSON.parse(
      readFileSync(example('prog.jited.json'), 'utf8'),
    );
    const codes = functions.map(({ insns }) => insns.flatMap(({ opcodes }) => opcodes.map(Number)));
    write('raw', Uint8Array.from(codes.flat()));
    const { schema: _, ...parts } = JSON.parse(readFileSync(example('prog.json'), 'utf8'));
    bundleOf({ ...parts, image: 'raw', jited_func_lens: codes.map(({ length }) => length) });
    expect(why(judge(text))).toBe('agree');
    bundleOf({ ...parts, image: 'raw' });
    expect(open).toThrow(/the image has 1 functions for 2 subprogs; jited_func_lens tells them apart$/);
    bundleOf({ ...parts, image: 'raw', jited_func_lens: [1, 2] });
    expect(open).toThrow(/raw: it has 102 bytes, and jited_func_lens is about 3$/);
  });

  it('declines any other program', () => {
    const { verdict, reason } = judge('r0 = 1\nexit\n');
    expect([verdict, reason?.kind]).toEqual(['skipped', 'refused']);
  });
});

describe('what an image refers to', () => {
  const at = '0xffffffffc0001000';
  function small(code: string, map = '', bytecode = 'r0 = 5\nexit\n'): string {
    write('p.s', bytecode);
    write('p.bin', Uint8Array.from(Buffer.from(code.replace(/\s/g, ''), 'hex')));
    write('p.map', map);
    bundleOf({ bytecode: 'p.s', image: 'p.bin', jited_ksyms: [at], map: 'p.map' });
    return why(judge(bytecode));
  }

  // biome-ignore format: one image a line
  it.each([
    ['per-CPU data',               '65 8b 04 25 48 4d 03 00 c3',             '34d40 A x = 0000000000000000 05000000'], // mov eax, gs:[0x34d48]
    ['per-CPU data by moffs64',    '65 48 a1 40 4d 03 00 00 00 00 00 c3',    '34d40 A x = 05'],                         // movabs rax, gs:[0x34d40]
    ['data by an absolute operand', '48 8b 04 25 00 00 00 81 c3',            'ffffffff81000000 R x = 05'],              // mov rax, [0xffffffff81000000]
    ['data by rip',                '8b 05 fa ef ff ff c3',                   'ffffffffc0000000 D x = 05'],              // mov eax, [rip - 0x1006]
    ['data by its address',        '48 b8 00 00 00 00 81 88 ff ff 8b 00 c3', 'ffff888100000000 D x = 05'],              // movabs rax, …; mov eax, [rax]
    ['its own code by rip',        '8b 05 02 00 00 00 c3 05 05 00 00 00',       ''],                                       // mov eax, [rip + 2]; ret; add eax, 5
    ['its own code by its address', '48 b8 0d 10 00 c0 ff ff ff ff 8b 00 c3 05 00 00 00 00', ''],
    ['a small constant',           '48 b8 05 00 00 00 00 00 00 00 c3',       ''],
    ['a thunk of r10',             '4c 8d 15 09 00 00 00 e8 f4 ef 00 00 c3 90 90 90 b8 05 00 00 00 c3', 'ffffffffc0010000 T __x86_indirect_thunk_r10'], // lea r10, [rip + 9]; call
    ['a return thunk',             'b8 05 00 00 00 e9 f6 ef 00 00',          'ffffffffc0010000 T srso_return_thunk [kernel]'],
  ])('%s', (_, code, map) => {
    expect(small(code, map)).toBe('agree');
  });

  it('a constant of the bytecode, though it looks like an address', () => {
    const program = 'r0 = 0xffff888100000000 ll\nexit\n';
    expect(small('48 b8 00 00 00 00 81 88 ff ff c3', 'ffff888100000000 D x', program)).toBe('agree');
  });

  // biome-ignore format: one image a line
  it.each([
    ['gs: by a register',       '65 8b 00 b8 05 00 00 00 c3',                         '',                         'gs: memory by a register at image+0x0'],
    ['fs:',                     '64 8b 04 25 00 00 00 00 c3',                         '0 A x',                    'fs:0x0 at image+0x0'],
    ['past the end of data',    '65 8b 04 25 80 4d 03 00 c3',                         '34d40 A x',                'gs:0x34d80 at image+0x0'],
    ['a symbol that is no callee', 'e8 fb ef 00 00 c3',                               'ffffffffc0010000 T schedule', 'code 0xffffffffc0010000 at image+0x0'],
    ['a thunk of no register',  'e8 fb ef 00 00 c3',                                  'ffffffffc0010000 T __x86_indirect_thunk_r16', 'code 0xffffffffc0010000 at image+0x0'],
    ['a short jump to outside', 'eb 7f c3',                                           '',                         'code 0xffffffffc0001081 at image+0x0'],
    ['a lot',                   `${'e8 00 10 00 00'.repeat(9)} c3`,                   '',                         'code 0xffffffffc0002005 at image+0x0'],
  ])('names %s', (_, code, map, unknown) => {
    const said = small(code, map);
    expect(said.startsWith(`inconclusive: its map names nothing for ${unknown}`)).toBe(true);
    expect(said.endsWith(' and 1 more')).toBe(code.length > 100);
  });

  // biome-ignore format: a table
  it.each([
    ['no instruction',   '06 c3',  '',              /0xffffffffc0001000\+0x0: no instruction begins there$/],
    ['no line of a map', 'c3',     'what is this',  /p\.map:1: "what is this" is not "address type name"/],
  ])('refuses %s', (_, code, map, words) => {
    expect(() => small(code, map)).toThrow(words);
  });
});

describe('a bundle', () => {
  const good = { bytecode: 'p.s', image: 'p.bin', jited_ksyms: ['0xffffffffc0001000'] };
  beforeEach(() => {
    write('p.s', 'r0 = 5\nexit\n');
    write('p.bin', Uint8Array.of(0xb8, 5, 0, 0, 0, 0xc3));
  });

  it('is published as it is checked; else write JSON.stringify(BUNDLE_SCHEMA, null, 2) there', () => {
    const published = readFileSync(new URL('schemas/image-bundle.schema.json', root), 'utf8');
    expect(JSON.parse(published)).toEqual(BUNDLE_SCHEMA);
  });

  // biome-ignore format: a table
  it.each([
    ['lacks a field',        { ...good, image: undefined },                    /it must have required property 'image'; see docs\/IMAGE-BUNDLES.md$/],
    ['has one too many',     { ...good, imagee: 'x' },                         /it must NOT have additional properties: imagee;/],
    ['has a bad address',    { ...good, jited_ksyms: ['c0'] },                 /jited_ksyms\.0 must match pattern/],
    ['has too many functions', { ...good, jited_ksyms: ['0x1', '0x2'] },       /jited_ksyms has 2 entries for 1 subprogs$/],
    ['names no file',        { ...good, image: 'none' },                       /none: it cannot be read \(ENOENT\)$/],
    ['names a folder',       { ...good, map: '.' },                            /it cannot be read \(EISDIR\)$/],
    ['is of another schema', { ...good, schema: 'bpf-oracle/image-bundle@9' }, /schema must be equal to constant/],
  ])('that %s is refused', (_, content, words) => {
    bundleOf(content);
    expect(open).toThrow(words);
    expect(open).toThrow(OracleError);
  });

  it('that is no JSON is refused', () => {
    write('bundle.json', '{');
    expect(open).toThrow(/bundle\.json: it is not JSON: /);
    bundleOf({ ...good, pcMap: [[7, 0]] });
    const program = buildProgram(assemble('r0 = 5\nexit\n', { dialect: 'llvm' }).insns);
    expect(() => open().compile(program, { contextSize: 0, addressOf: () => 0n })).toThrow(
      /pcMap names slot 7/,
    );
  });

  // biome-ignore format: a table
  it.each([
    ['has no bytes',        '[{"pc":"0x0","operation":"ret"}]',          /an instruction without `opcodes`; ask bpftool/],
    ['has no instructions', '[]',                                       /a function in it has no instructions$/],
    ['has bytes that are none', '[{"opcodes":["0x1ff"]}]',              /"0x1ff" is not a byte such as "0xbf"$/],
  ])('whose JSON %s is refused', (_, json, words) => {
    write('p.bin', json);
    bundleOf(good);
    expect(open).toThrow(words);
  });

  it('may have the instructions of its only function alone, and code that begins like JSON', () => {
    write('p.bin', '[{"opcodes":["0xb8","0x05","0x0","0x0","0x0"]},{"opcodes":["0xc3"]}]');
    bundleOf(good);
    expect(why(judge('r0 = 5\nexit\n'))).toBe('agree');
    // pop rbx; push rbx; mov eax, 5; ret
    write('p.bin', Uint8Array.of(0x5b, 0x53, 0xb8, 5, 0, 0, 0, 0xc3));
    expect(why(judge('r0 = 5\nexit\n'))).toMatch(/^(agree|diverge)$/);
  });
});
