import { describe, expect, it } from 'vitest';
import { assemble } from '../../src/bpf/asm.ts';
import { buildProgram } from '../../src/bpf/program.ts';
import type { Fault } from '../../src/core/execution.ts';
import { CODE_BASE } from '../../src/core/layout.ts';
import type { Observed, Place, Reason, Subject } from '../../src/oracle/verdict.ts';
import {
  fieldName,
  observedText,
  outcomeText,
  reasonText,
  type Scene,
  stopText,
} from '../../src/report/words.ts';
import { callEvent, faults, image, returnEvent } from '../oracle/fakes.ts';

const assembled = assemble('r1 = 1\nr2 = 2\ncall foo\nexit\n', { dialect: 'llvm' });
const scene: Scene = {
  program: buildProgram(assembled.insns, {
    name: 'fake',
    callees: assembled.callees,
    data: [{ name: '.data', address: 0x1000n, bytes: new Uint8Array(16), writable: true }],
  }),
  image: image(),
};

const CALL: Place = { kind: 'call', call: 3, callee: { kind: 'kfunc', id: 1 } };
const RETURN: Place = { kind: 'return', call: 2, callee: { kind: 'bpf', id: 0 } };

describe('fieldName', () => {
  it.each<[Subject, string]>([
    [{ kind: 'outcome' }, 'outcome'],
    [{ kind: 'r0' }, 'r0'],
    [{ kind: 'stated', side: 'reference' }, 'interpreter r0'],
    [{ kind: 'stated', side: 'native' }, 'jit r0'],
    [{ kind: 'memory', offset: 12 }, 'memory[12]'],
    [{ kind: 'data', section: 0, offset: 8 }, '.data[8]'],
    [{ kind: 'event', place: CALL }, 'call 3 (kfunc foo)'],
    [{ kind: 'arg', place: CALL, position: 7 }, 'call 3 (kfunc foo) arg 7'],
    [
      { kind: 'arg', place: { ...CALL, callee: { kind: 'helper', id: 5 } }, position: 1 },
      'call 3 (helper 5) arg 1',
    ],
    [{ kind: 'result', place: RETURN }, 'return from call 2 (subprog main) result'],
    [{ kind: 'reg', place: CALL, reg: 6 }, 'call 3 (kfunc foo) r6'],
    [{ kind: 'stack', place: CALL, offset: -16 }, 'call 3 (kfunc foo) stack r10-16'],
    [
      { kind: 'stack', place: { kind: 'return', call: 0, callee: null }, offset: -8 },
      'return from main stack r10-8',
    ],
    [{ kind: 'trace-length' }, 'trace-length'],
    [{ kind: 'constant', value: -70000 }, 'constant -70000'],
    [{ kind: 'abi', rule: 'callee-saved', what: 'rbx', place: CALL }, 'call 3 (kfunc foo) abi rbx'],
    [
      { kind: 'abi', rule: 'canary', what: 'canary above the frame', place: null },
      'abi canary above the frame',
    ],
  ])('%# %o', (subject, name) => {
    expect(fieldName(subject, scene)).toBe(name);
  });
});

describe('observedText', () => {
  it.each<[Observed, string]>([
    [{ kind: 'word', value: 7n }, '0x0000000000000007'],
    [{ kind: 'bytes', bytes: Uint8Array.of(0, 255) }, '00 ff'],
    [{ kind: 'count', value: 3 }, '3 calls and returns'],
    [{ kind: 'event', event: null }, 'no more calls'],
    [{ kind: 'event', event: callEvent() }, 'call of kfunc foo'],
    [{ kind: 'event', event: returnEvent() }, 'return from main'],
    [{ kind: 'outcome', outcome: { kind: 'exit', r0: 1n }, limit: 5 }, 'exit, r0 = 0x0000000000000001'],
    [{ kind: 'outcome', outcome: { kind: 'budget' }, limit: 5000 }, 'ran on: no end after 5000 blocks'],
  ])('%# %o', (observed, text) => {
    expect(observedText(observed, scene)).toBe(text);
  });
});

describe('outcomeText', () => {
  it.each<[Fault, string]>([
    [{ kind: 'write', address: 0x10n, size: 8 }, '8-byte write to 0x0000000000000010 at image+0xc'],
    [{ kind: 'read', address: 0x10n, size: 1 }, '1-byte read from 0x0000000000000010 at image+0xc'],
    [
      { kind: 'fetch', address: 0x10n, size: 1 },
      'jump to 0x0000000000000010, which is not code at image+0xc',
    ],
    [{ kind: 'illegal' }, '#UD (no such native instruction) at image+0xc'],
    [{ kind: 'divide' }, '#DE (division error) at image+0xc'],
    [{ kind: 'interrupt', vector: 3 }, 'int3 at image+0xc'],
    [{ kind: 'interrupt', vector: 0x80 }, 'int 0x80 at image+0xc'],
    [{ kind: 'halt' }, 'stopped (hlt, syscall or the like) at image+0xc'],
    [{ kind: 'stack-lost', rsp: 0x20n }, 'rsp lost: it is 0x0000000000000020 at the end at image+0xc'],
  ])('%# %o', (fault, text) => {
    expect(outcomeText(faults(fault, null, CODE_BASE + 12n), 0, scene)).toBe(text);
  });

  it('an address outside the image is given as it is, a place without rip by its instruction', () => {
    expect(outcomeText(faults({ kind: 'illegal' }, null, 0x10n), 0, scene)).toMatch(
      / at 0x0000000000000010$/,
    );
    expect(outcomeText(faults({ kind: 'illegal' }, 2), 0, scene)).toMatch(/ at insn 2$/);
  });
});

describe('reasonText', () => {
  it.each<[Reason, string]>([
    [{ kind: 'insn-limit', limit: 10 }, 'insn limit 10 reached'],
    [
      { kind: 'poison', what: 'r3', pc: 2 },
      'the program relies on an undefined value: r3, at insn 2: call foo',
    ],
    [{ kind: 'frames', pc: 2 }, 'a 9th frame, which native code does not refuse, at insn 2: call foo'],
    [{ kind: 'unsupported', side: 'reference', what: 'callx', pc: null }, 'callx'],
    [
      { kind: 'mapped', fault: { kind: 'read', address: 0x10n, size: 8 }, pc: 3 },
      '8-byte read from 0x0000000000000010 is out of bounds, but in a mapped page, at insn 3: exit',
    ],
    [{ kind: 'refused', why: 'jit: insn 4: no' }, 'jit: insn 4: no'],
  ])('%# %o', (reason, text) => {
    expect(reasonText(reason, scene)).toBe(text);
  });
});

describe('stopText', () => {
  it('names the end of a run of the reference', () => {
    expect(stopText({ kind: 'budget' }, 10, scene)).toBe('insn limit 10 reached');
    expect(stopText(faults({ kind: 'frames' }, 2) as never, 10, scene)).toBe(
      'more than 8 frames, at insn 2: call foo',
    );
  });
});
