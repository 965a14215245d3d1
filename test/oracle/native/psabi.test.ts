/** What the oracle believes of psABI, against what gcc does: a caller in C, a callee in assembly that stores what it got. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseNativeTypes } from '../../../src/bpf/native-type.ts';
import { argWords } from '../../../src/jit/native-args.ts';
import { placesOf } from '../../../src/oracle/native/psabi.ts';
import { ARG_REGS } from '../../../src/x86/sysv.ts';

const SIGNATURES = [
  'u64,u64,u64,u64,u64,struct16,u64',
  'u64,u64,u64,u64,u64,struct16,struct16,u64,u64',
  'u64,u64,u64,u64,struct16,u64',
  'u64,u64,u64,u64,u64,u64,u64,u128',
  'u64,u64,u64,u64,u64,u128,u64,u128',
  'u64,u64,u64,u64,u64,u128,u64,struct16,u128',
  'u128,u64,u128,u128,u64',
  'struct16,struct16,struct16,struct16,u64,u64',
  'u64,u64,u64,u64,u64,u64,struct16,u128,u64',
  'u64,u64,u64,u64,u64,struct12,u64,u64,struct9',
];

const words = (types: string): number =>
  parseNativeTypes(types, 'test').reduce((sum, { bytes }) => sum + Math.ceil(bytes / 8), 0);

const C_TYPES: Readonly<Record<string, string>> = { u64: 'unsigned long', u128: 'unsigned __int128' };
const cType = (text: string): string => C_TYPES[text] ?? `struct ${text}`;

/** Each word is its number, counted from 1, in each of its bytes. */
function callText(types: string, index: number): string {
  let word = 0;
  const values = types.split(',').map((text) => {
    const next = (): string => `0x${(++word).toString(16).padStart(2, '0').repeat(8)}ul`;
    if (text === 'u64') return next();
    const [low, high] = [next(), next()];
    if (text === 'u128') return `((unsigned __int128)${high} << 64 | ${low})`;
    return `make_${text}(${low}, ${high})`;
  });
  const params = types.split(',').map(cType).join(', ');
  return `extern void take${index}(${params}) __asm__("take"); take${index}(${values.join(', ')}); dump();`;
}

const structText = (bytes: number): string => `
struct struct${bytes} { unsigned char byte[${bytes}]; };
static struct struct${bytes} make_struct${bytes}(unsigned long a, unsigned long b) {
  unsigned long w[2] = { a, b }; struct struct${bytes} s; __builtin_memcpy(&s, w, ${bytes}); return s; }`;

const SOURCE = `
#include <stdio.h>
unsigned long seen[24];
${[9, 12, 16].map(structText).join('')}
__asm__(".globl take\\ntake:\\n lea seen(%rip), %rax\\n mov %rdi, (%rax)\\n mov %rsi, 8(%rax)\\n mov %rdx, 16(%rax)\\n"
  " mov %rcx, 24(%rax)\\n mov %r8, 32(%rax)\\n mov %r9, 40(%rax)\\n"
  ".set k, 0\\n.rept 14\\n mov 8+8*k(%rsp), %rdx\\n mov %rdx, 48+8*k(%rax)\\n.set k, k+1\\n.endr\\n ret\\n");
static void dump(void) { for (int i = 0; i < 20; i++) printf("%d ", (int)(seen[i] & 0xff)); puts(""); }
int main(void) { ${SIGNATURES.map((types, i) => `{ ${callText(types, i)} }`).join('\n')} return 0; }
`;

function hasGcc(): boolean {
  try {
    execFileSync('gcc', ['--version'], { stdio: 'ignore' });
    return process.arch === 'x64';
  } catch {
    return false;
  }
}

/** By signature: what was in rdi, rsi, rdx, rcx, r8, r9 and then on the stack, as numbers of words. */
function gccSaw(): number[][] {
  const folder = mkdtempSync(join(tmpdir(), 'psabi-'));
  try {
    const [source, program] = [join(folder, 'call.c'), join(folder, 'call')];
    writeFileSync(source, SOURCE);
    execFileSync('gcc', ['-O1', '-w', '-o', program, source]);
    const lines = execFileSync(program, { encoding: 'utf8' }).trim().split('\n');
    return lines.map((line) => line.trim().split(' ').map(Number));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

describe.skipIf(!hasGcc())('psABI §3.2.3, as gcc reads it', () => {
  const seen = hasGcc() ? gccSaw() : [];

  it.each(SIGNATURES.map((types, i) => [types, i] as const))('%s', (types, i) => {
    const places = placesOf(parseNativeTypes(types, 'test')).flat();
    expect(places.length).toBe(words(types));
    places.forEach((place, k) => {
      const at = place.in === 'reg' ? ARG_REGS.indexOf(place.reg) : ARG_REGS.length + place.index;
      expect(seen[i]?.[at], `word ${k + 1}`).toBe(k + 1);
    });
  });
});

it('the JIT counts to the same places by itself', () => {
  for (const types of SIGNATURES) {
    const args = parseNativeTypes(types, 'test');
    const counted = argWords(args).map((word) =>
      word.in === 'reg' ? { in: 'reg', reg: ARG_REGS[word.index] } : { in: 'stack', index: word.index },
    );
    expect(counted).toEqual(placesOf(args).flat());
  }
});
