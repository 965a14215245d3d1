import { describe, expect, it } from 'vitest';
import { CODE_BASE } from '../../src/core/layout.ts';
import { MAX_IMAGE_BYTES, understand } from '../../src/jits/answer.ts';
import { exit, helper, lddw, link, mov, sub } from '../kit/insns.ts';

/** Slots 0 lddw (two), 2 call of the subprog, 3 helper, 4 exit; 5 mov, 6 exit. */
const program = link([
  [lddw('r1', 1n), sub(1), helper(5), exit],
  [mov('r0', 1), exit],
]);
const GOOD = { id: 7, image: '90c3ccc3', entry: 1, subprogEntries: [1, 3] };
const read = (answer: object | string) =>
  understand(typeof answer === 'string' ? answer : JSON.stringify(answer), { id: 7, jit: 'exec:x', program });

describe('an answer', () => {
  it('is an image at the base it was asked for', () => {
    expect(read(GOOD)).toMatchObject({
      kind: 'image',
      image: {
        jit: 'exec:x',
        code: new Uint8Array([0x90, 0xc3, 0xcc, 0xc3]),
        base: CODE_BASE,
        entry: 1,
        subprogEntries: [1, 3],
        subprogAbi: 'own',
      },
    });
  });

  it('without registers and frames makes an image without them', () => {
    const understood = read(GOOD);
    const image = understood.kind === 'image' ? understood.image : undefined;
    expect([image?.regs, image?.frames, image?.pcMap, image?.callSites]).toEqual(Array(4).fill(undefined));
    expect(image?.args.bpf).toEqual([]);
    expect(image?.args.native.slice(4, 8)).toEqual([
      { in: 'reg', reg: 8 },
      { in: 'reg', reg: 9 },
      { in: 'stack', index: 0 },
      { in: 'stack', index: 1 },
    ]);
  });

  it('may tell of registers, frames, calls and instructions', () => {
    const regs = ['rax', 'rdi', 'rsi', 'rdx', 'rcx', 'r8', 'rbx', 'r13', 'r14', 'r15', null];
    const frames = [
      { fp: 8, size: 16, stack: 8 },
      { fp: 24, size: 0, stack: 0 },
    ];
    const more = { regs, frames, callAlign: 16, subprogAbi: 'sysv' };
    const maps = {
      pcMap: [
        [0, 0],
        [2, 1],
      ],
      callSites: [
        [2, 2],
        [3, 3],
      ],
    };
    expect(read({ ...GOOD, ...more, ...maps })).toMatchObject({
      image: {
        regs: [0, 7, 6, 2, 1, 8, 3, 13, 14, 15, -1],
        args: { bpf: [7, 6, 2, 1, 8].map((reg) => ({ in: 'reg', reg })) },
        frames: [
          { fpDepth: 8, bytes: 16, stackDepth: 8 },
          { fpDepth: 24, bytes: 0, stackDepth: 0 },
        ],
        callAlign: 16,
        subprogAbi: 'sysv',
        callSites: [
          { pc: 2, returnOffset: 2, callee: { kind: 'bpf', id: 1 } },
          { pc: 3, returnOffset: 3, callee: { kind: 'helper', id: 5 } },
        ],
      },
    });
  });

  it('may have fields of its own', () => {
    expect(read({ ...GOOD, compiledIn: '3 ms' }).kind).toBe('image');
  });

  it('may be a refusal', () => {
    expect(read({ id: 7, refused: 'no atomics' })).toEqual({ kind: 'refused', why: 'no atomics' });
  });

  // biome-ignore format: a table
  it.each<[object | string, string]>([
    ['',                                                    'it is not JSON: ""'],
    ['x'.repeat(100),                                       `it is not JSON: "${'x'.repeat(60)}…"`],
    ['[]',                                                  'it must be object'],
    ['null',                                                'it must be object'],
    [{ id: 7 },                                             "it must have required property 'image'"],
    [{ ...GOOD, id: '7' },                                  'id must be integer'],
    [{ ...GOOD, id: 8 },                                    'its id is 8, but 7 was asked'],
    [{ id: 8, refused: 'x' },                               'its id is 8, but 7 was asked'],
    [{ id: 7, refused: '' },                                'refused must NOT have fewer than 1 characters'],
    [{ ...GOOD, image: '' },                                'image must match pattern "^(?:[0-9a-fA-F]{2})+$"'],
    [{ ...GOOD, image: 'c' },                               'image must match pattern "^(?:[0-9a-fA-F]{2})+$"'],
    [{ ...GOOD, image: 'cc'.repeat(MAX_IMAGE_BYTES + 1) },  `image has ${MAX_IMAGE_BYTES + 1} bytes; the limit is ${MAX_IMAGE_BYTES}`],
    [{ ...GOOD, entry: -1 },                                'entry must be >= 0'],
    [{ ...GOOD, entry: 4 },                                 'entry 4 is outside the image of 4 bytes'],
    [{ ...GOOD, subprogEntries: [0] },                      'subprogEntries has 1 entries for 2 subprogs'],
    [{ ...GOOD, subprogEntries: [0, 4] },                   'subprog entry 4 is outside the image of 4 bytes'],
    [{ ...GOOD, pcMap: [[0]] },                             'pcMap.0 must NOT have fewer than 2 items'],
    [{ ...GOOD, pcMap: [[1, 0]] },                          'pcMap names slot 1, where no instruction starts'],
    [{ ...GOOD, pcMap: [[0, 5]] },                          'pcMap puts slot 0 at 5, outside the image of 4 bytes'],
    [{ ...GOOD, pcMap: [[0, 2], [2, 1]] },                  'pcMap goes back from offset 2 to 1'],
    [{ ...GOOD, callSites: [[4, 1]] },                      'callSites names slot 4, which is no call'],
    [{ ...GOOD, callSites: [[2, 9]] },                      'callSites: the call at slot 2 returns to 9, outside the image'],
    [{ ...GOOD, regs: ['rax'] },                            'regs must NOT have fewer than 11 items'],
    [{ ...GOOD, frames: [{ fp: 8, size: 8, stack: 0 }] },   'frames has 1 entries for 2 subprogs'],
  ])('is nonsense: %#', (answer, why) => {
    expect(read(answer)).toEqual({ kind: 'nonsense', why });
  });
});
