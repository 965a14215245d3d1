/** Where functions that helpers call go wrong, with a pc map and without. */
import { describe, expect, it } from 'vitest';
import type { Program } from '../../src/bpf/program.ts';
import { Checker } from '../../src/checker.ts';
import type { Image } from '../../src/core/image.ts';
import { compile } from '../../src/jit/compile.ts';
import { LINUX_TARGET } from '../../src/jit/target.ts';
import { mutantNamed } from '../../src/mutant/index.ts';
import { entriesOf, ownPlacement } from '../../src/oracle/placement.ts';
import { ADD_INDEX, loop, programOf } from '../kit/callbacks.ts';

/** Uses r6, and has nobody but the helper to miss it. */
const USES_R6 = programOf(loop(`r6 = r1\n  ${ADD_INDEX}`, 3));

function explain(name: string, program: Program, change: (image: Image) => Image = (image) => image) {
  const target = mutantNamed(name)?.mutate(LINUX_TARGET) ?? LINUX_TARGET;
  const checker = new Checker({ compile: (each) => change(compile(each, {}, target).image) });
  try {
    return checker.explain(program);
  } finally {
    checker.close();
  }
}

const withoutMap = ({ pcMap: _, callSites: __, ...image }: Image): Image => image;
const withoutFrames = ({ frames: _, ...image }: Image): Image => image;

describe('a function that a helper calls', () => {
  it('is blamed at its exit for registers that only the helper misses', () => {
    const { localisation } = explain('callback-restores-nothing', USES_R6);
    expect(localisation).toMatchObject({ stage: 'epilogue', steps: 13 });
    expect(USES_R6.insns[localisation?.pc ?? 0]).toEqual({ kind: 'exit' });
  });

  it('is blamed at its prologue for arguments that the helper has brought', () => {
    const { localisation } = explain('callback-context-32-bits', USES_R6);
    expect(localisation).toMatchObject({ pc: 8, stage: 'prologue', callee: 1 });
  });

  it('is in the window where there is no pc map', () => {
    const { localisation } = explain('callback-restores-nothing', USES_R6, withoutMap);
    expect(localisation?.window?.pcs.map((pc) => USES_R6.insns[pc]?.kind)).toContain('exit');
    const { localisation: entered } = explain('callback-context-32-bits', USES_R6, withoutMap);
    expect(entered?.window?.prologue).toBe(1);
  });

  it('has its address whether or not the image says where frames are', () => {
    expect(explain('', USES_R6, withoutFrames).result.verdict).toBe('agree');
    const { localisation } = explain('function-address-past-prologue', USES_R6, withoutFrames);
    expect(localisation).toMatchObject({ pc: 3, stage: 'insn' });
    const { localisation: found } = explain('function-address-past-prologue', USES_R6, (image) =>
      withoutMap(withoutFrames(image)),
    );
    expect(found?.window?.pcs).toContain(3);
    const { image } = compile(USES_R6);
    expect(entriesOf(image).entryOf?.(1)).toBe(image.base + BigInt(image.subprogEntries[1] ?? 0));
    expect(ownPlacement(image, USES_R6)?.mainFp).toBeDefined();
  });
});
