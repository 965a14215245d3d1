import { describe, expect, it } from 'vitest';
import type { Engine } from '../../src/emu/engine.ts';
import { selfTest } from '../../src/emu/selftest.ts';
import { BLOCK, probes, STATES } from '../../src/emu/selftest-probes.ts';
import { TRUTH } from '../../src/emu/selftest-truth.ts';
import { openSilicon } from '../../src/emu/silicon/silicon.ts';
import { openUnicorn } from '../../src/emu/unicorn.ts';
import { ALL_FORMS } from '../../src/x86/forms.ts';
import { siliconMissing, skippedBecause } from '../kit/silicon.ts';

const missing = siliconMissing();

/** An engine that runs other code than it is given. */
function withCode(engine: Engine, change: (code: Uint8Array) => void): Engine {
  return {
    ...engine,
    name: engine.name,
    map: (region) => engine.map(region),
    unmap: (region) => engine.unmap(region),
    run: (request, out) => engine.run(request, out),
    close: () => engine.close(),
    load: (address, code) => {
      const changed = code.slice();
      change(changed);
      engine.load(address, changed);
    },
  };
}

describe('selfTest', () => {
  it('finds the engine to be the CPU, and leaves nothing mapped', () => {
    const engine = openUnicorn();
    for (let i = 0; i < 2; i++) {
      const { disagreements, forms, states, known } = selfTest(engine);
      expect(disagreements).toEqual([]);
      expect(forms).toBe(ALL_FORMS.length - 1);
      expect(states).toBe(STATES.length);
      expect(known.map(({ what }) => what).join()).toContain('cmpxchg');
    }
    engine.close();
  });

  it.skipIf(missing !== undefined)(`finds this CPU to be the recorded one${skippedBecause(missing)}`, () => {
    const engine = openSilicon();
    const { disagreements, known } = selfTest(engine);
    expect(disagreements.filter(({ got }) => typeof got === 'bigint' || got.kind !== 'unsupported')).toEqual(
      [],
    );
    expect(known).toEqual([]);
    engine.close();
  });

  it('has a probe for each form but int3, and a truth for each probe', () => {
    const names = probes().map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    expect(Object.keys(TRUTH)).toEqual(names);
    const probed = new Set(
      probes().map(({ notation, name }) => `${name.replace('lock ', '').split(' ')[0]} ${notation}`),
    );
    const missing = ALL_FORMS.filter(({ name, notation }) => !probed.has(`${name} ${notation}`));
    expect(missing.map(({ name }) => name)).toEqual(['int3']);
  });

  it('succeeds at a 32-bit cmpxchg while rax has an upper half', () => {
    const low = (word: bigint | undefined): bigint => BigInt.asUintN(32, word ?? 0n);
    const state = STATES.findIndex(
      (words) => low(words[BLOCK.rax]) === low(words[BLOCK.memory]) && (words[BLOCK.rax] ?? 0n) >> 32n !== 0n,
    );
    const result = TRUTH['lock cmpxchg_rm32_r32 [rsi], rcx']?.split(' ')[state]?.split(',');
    expect(result).toEqual(['44', '', 'badf00dffffffff']); // ZF, rax unchanged, memory stored
  });

  it('reports what is wrong, where and how', () => {
    const engine = openUnicorn();
    const wrong = withCode(engine, (code) => {
      const add = Buffer.from(code).indexOf(Uint8Array.of(0x48, 0x01, 0xc8));
      if (add > 0) code[add + 1] = 0x29; // sub
    });
    const { disagreements } = selfTest(wrong);
    expect(new Set(disagreements.map(({ probe }) => probe))).toEqual(new Set(['add_rm64_r64 rax, rcx']));
    expect(disagreements.find(({ what }) => what === 'rax')).toMatchObject({ notation: 'REX.W + 01 /r' });
    engine.close();
  });

  it('reports a form that does not run', () => {
    const engine = openUnicorn();
    const wrong = withCode(engine, (code) => {
      const bswap = Buffer.from(code).indexOf(Uint8Array.of(0x48, 0x0f, 0xc8));
      if (bswap > 0) code.set([0x0f, 0x0b], bswap); // ud2
    });
    const { disagreements } = selfTest(wrong);
    expect(disagreements).toHaveLength(STATES.length);
    expect(disagreements[0]).toMatchObject({ probe: 'bswap_r64 rax', what: 'end', got: { kind: 'illegal' } });
    engine.close();
  });
});
