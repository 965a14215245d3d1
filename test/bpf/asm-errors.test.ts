import { describe, expect, it } from 'vitest';
import { type AssembleOptions, assemble } from '../../src/bpf/asm.ts';
import { OracleError } from '../../src/core/errors.ts';

function messageOf(text: string, options: AssembleOptions): string {
  try {
    assemble(text, options);
  } catch (error) {
    if (error instanceof OracleError) return error.message;
    throw error;
  }
  return 'no error';
}

describe('errors of the LLVM dialect', () => {
  // biome-ignore format: a table
  it.each([
    ['',                          'text: there is no instruction in it'],
    ['r1 = 1\nr2 = \nexit',       'line 2: expected a value after `=`, the line ends'],
    ['r1',                        'line 1: expected `=` or an operator such as `+=`, `s/=`, `<<=` after `r1`, the line ends'],
    ['r1 ? 5',                    'line 1: `?` is neither a number, a name nor an operator of BPF assembler'],
    ['foo r1, r2',                'line 1: expected an instruction such as `r1 += r2`, `if r1 > 5 goto +2`, `call 5` or `exit`, got `foo`'],
    ['constructor',               'line 1: expected an instruction such as `r1 += r2`, `if r1 > 5 goto +2`, `call 5` or `exit`, got `constructor`'],
    ['r1 = w2',                   'line 1: `w2`: the operands are 64 bits wide here, write `r2`'],
    ['w1 += r2',                  'line 1: `r2`: the operands are 32 bits wide here, write `w2`'],
    ['r11 += 1',                  'line 1: r11 is only the base of 8-byte loads and stores of stack arguments'],
    ['r1 = r12',                  'line 1: r12 is only the base of 8-byte loads and stores of stack arguments'],
    ['r13 = 1',                   'line 1: no register r13: registers are r0 to r10'],
    ['r1 = *(u32 *)(r11 + 8)',    'line 1: r11 is only the base of 8-byte loads and stores of stack arguments'],
    ['r1 = 5 6',                  'line 1: expected the end of the instruction after `5`, got `6`'],
    ['r1 = 5ll',                  'line 1: `5ll`: put a blank before `ll` to load a 64-bit immediate (LLVM reads `5ll` as 32-bit)'],
    ['r1 = 0x5g',                 'line 1: `0x5g` is neither a number, a name nor an operator of BPF assembler'],
    ['r1 = 017',                  'line 1: `017`: some assemblers read a leading zero as octal; write it without'],
    ['r1 = 4294967296',           'line 1: 4294967296 does not fit the 32-bit immediate; use a 64-bit load (lddw, `r1 = … ll`)'],
    ['r1 += -2147483649',         'line 1: -2147483649 does not fit the 32-bit immediate; use a 64-bit load (lddw, `r1 = … ll`)'],
    ['r1 = 18446744073709551616 ll', 'line 1: 18446744073709551616 does not fit 64 bits'],
    ['w1 = 5 ll',                 'line 1: `w1`: this instruction writes the whole register, write `r1`'],
    ['r1 = *(u64 *)(r2 + 40000)', 'line 1: 40000 does not fit the 16-bit offset'],
    ['r1 = *(u64 *)r2',           'line 1: expected `(` after `)`, got `r2`'],
    ['r1 = *(u24 *)(r2 + 0)',     'line 1: expected a size (u8, u16, u32, u64, s8, s16 or s32) after `(`, got `u24`'],
    ['r1 = *(s64 *)(r2 + 0)',     'line 1: `s64`: there is no sign to extend from 8 bytes, write `u64`'],
    ['w1 = *(s8 *)(r2 + 0)',      'line 1: `w1`: this load fills the whole register, write `r1`'],
    ['w1 = *(u64 *)(r2 + 0)',     'line 1: `w1`: this load fills the whole register, write `r1`'],
    ['*(s32 *)(r1 + 0) = r2',     'line 1: `s32`: the sign means nothing here, write `u32`'],
    ['*(u64 *)(r1 + 0) = w2',     'line 1: `w2`: an 8-byte access takes the whole register, write `r2`'],
    ['r1 = (s64)r2',              'line 1: expected s8 or s16 or s32 after `(`, got `s64`'],
    ['w1 = (s32)w2',              'line 1: expected s8 or s16 after `(`, got `s32`'],
    ['r1 = -r2',                  'line 1: this instruction works in place: both registers must be r1, not r2'],
    ['r2 = be16 r1',              'line 1: this instruction works in place: both registers must be r2, not r1'],
    ['w1 = be16 w1',              'line 1: `w1`: this instruction writes the whole register, write `r1`'],
    ['r1 = frob(r2)',             'line 1: expected a number, a register, a load or an atomic operation after `=`, got `frob`'],
    ['lock *(u64 *)(r1 + 0) -= r2', 'line 1: expected `+=`, `|=`, `&=` or `^=` after `)`, got `-=`'],
    ['lock *(u8 *)(r1 + 0) += r2', 'line 1: add exists for 4 and 8 bytes, not for 1'],
    ['r1 = xchg_64(r1 + 0, r2)',  'line 1: xchg leaves the old value in r2, so the result must be r2, not r1'],
    ['r1 = cmpxchg_64(r1 + 0, r0, r2)', 'line 1: cmpxchg leaves the old value in r0, so the result must be r0, not r1'],
    ['r0 = cmpxchg_64(r1 + 0, r3, r2)', 'line 1: cmpxchg compares with r0: write r0 (w0) here'],
    ['w1 = load_acquire((u64 *)(r1 + 0))', 'line 1: `w1`: 8 bytes take the whole register, write `r1`'],
    ['r1 = *(u8 *)skb[4]',        'line 1: packet loads go to r0 and are 1, 2 or 4 bytes wide'],
    ['r1 = &(u64 *)(r2)',         'line 1: expected `void` after `(`, got `u64`'],
    ['if r1 ~ 5 goto +1',         'line 1: expected a comparison (== > >= & != s> s>= < <= s< s<=) after `r1`, got `~`'],
    ['if r1 > 5',                 'line 1: expected `goto` after `5`, the line ends'],
    ['goto',                      'line 1: expected a label, or a distance such as +3 after `goto`, the line ends'],
    ['goto r1',                   'line 1: expected a label, or a distance such as +3 after `goto`, got `r1`'],
    ['goto +70000',               'line 1: 70000 does not fit the 16-bit offset'],
    ['goto nowhere\nexit',        'line 1: no label `nowhere` to jump to'],
    ['goto 1b\n1: exit',          'line 1: no label `1b` to jump to'],
    ['a: r1 = 1\na: exit',        'line 2: the label `a` stands already at insn 0'],
    ['r1 = glob ll\nexit',        'line 1: `glob` is not defined here: its address is known only to an ELF object; assemble it with clang and load the .o'],
    ['call f, 2\nf: exit',        'line 1: `f` is a function of this text, not of a module'],
    ['r1 = 1 /* open\nexit',      'line 1: the comment `/*` has no end `*/`'],
    ['.quad 5\nexit',             'line 1: .quad puts bytes among the instructions; write the instruction instead'],
    ['.p2align 4\nexit',          'line 1: .p2align to more than 8 bytes would put padding among the instructions; remove it'],
    ['.macro x\nexit',            'line 1: the directive .macro is not supported here; assemble with clang and load the .o'],
    ['.data\nr1 = 1',             'line 2: `r1 = 1` stands in a data section'],
    ['exit\n.section .bss\nx: .long 0\n.text\nr1 = x ll\nexit', 'line 5: `x` is data: its address is known only to an ELF object; assemble it with clang and load the .o'],
    ['exit\n.data\nx:\n.text\ncall x\nexit', 'line 5: `x` is data, not a function'],
  ])('%j', (text, want) => {
    expect(messageOf(text, { dialect: 'llvm' })).toBe(`assemble: ${want}`);
  });

  it('a jump too far for 16 bits says what to use', () => {
    const text = `goto far\n${'r1 = 1\n'.repeat(40_000)}far: exit\n`;
    expect(messageOf(text, {})).toBe(
      'assemble: line 1: `far` is 40000 slots away, too far for 16 bits; use gotol (ja32)',
    );
    expect(messageOf(text.replace('goto', 'gotol'), {})).toBe('no error');
  });
});

describe('errors of the mnemonic dialect', () => {
  // biome-ignore format: a table
  it.each([
    ['frob %r1',            'line 1: expected a mnemonic such as mov, ldxdw, jeq, call or exit, got `frob`'],
    ['mov %r1',             'line 1: expected a number or a register after `%r1`, the line ends'],
    ['mov %r1, %r2, %r3',   'line 1: expected the end of the instruction after `%r2`, got `,`'],
    ['mov 5, %r1',          'line 1: expected a register after `mov`, got `5`'],
    ['mov %r11, 1',         'line 1: r11 is only the base of 8-byte loads and stores of stack arguments'],
    ['mov %r13, 1',         'line 1: no register r13: registers are r0 to r10'],
    ['ldxw %r1, %r2',       'line 1: expected `[` after `,`, got `%r2`'],
    ['ldxw %r1, [%r2+8',    'line 1: expected `]` after `8`, the line ends'],
    ['ldxw %r1, [%r11+8]',  'line 1: r11 is only the base of 8-byte loads and stores of stack arguments'],
    ['ldxdw %r1, [8]',      'line 1: expected a base register (r0 to r10) after `[`, got `8`'],
    ['jeq %r1, 5',          'line 1: expected a label, or a distance such as +3 after `5`, the line ends'],
    ['jeq %r1, 5, out',     'line 1: no label `out` to jump to'],
    ['lock frob [%r1], %r2', 'line 1: expected add, or, and, xor, xchg, cmpxchg or fetch after `lock`, got `frob`'],
    ['lock fetch sub [%r1], %r2', 'line 1: expected add, or, and or xor after `fetch`, got `sub`'],
    ['lddw %r1, 0x1ffffffffffffffff', 'line 1: 36893488147419103231 does not fit 64 bits'],
    ['exit now',            'line 1: expected the end of the instruction after `exit`, got `now`'],
  ])('%j', (text, want) => {
    expect(messageOf(text, { dialect: 'mnemonic' })).toBe(`assemble: ${want}`);
  });
});

it('errors name the file and count from its first line', () => {
  expect(messageOf('r1 = 1\nr1 = ', { name: 'prog.s', firstLine: 10 })).toBe(
    'assemble: prog.s:11: expected a value after `=`, the line ends',
  );
});
