/**
 * The engine over unicorn.js. Where the package (or BPF_ORACLE_UNICORN_JS) is there, the suite of all engines runs
 * on it; everywhere it runs on a stand-in, which tests the adapter and not the WebAssembly.
 */
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { OracleError } from '../../../src/core/errors.ts';
import { findLibunicorn } from '../../../src/emu/find-libunicorn.ts';
import { loadLibunicorn, VERSION_2_1 } from '../../../src/emu/libunicorn.ts';
import { findUnicornJs, loadFactory } from '../../../src/emu/wasm/unicorn-js.ts';
import { Instances, openUnicornWasm, prepareUnicornWasm } from '../../../src/emu/wasm/unicorn-wasm.ts';
import { describeEngine } from '../../kit/engine-suite.ts';
import { at, DATA, Guest, RAX, registers } from '../../kit/guest.ts';
import { skippedBecause } from '../../kit/silicon.ts';
import { type StandIn, type StandInOptions, standIn } from '../../kit/unicorn-js-stand-in.ts';

async function instances(options: StandInOptions = {}): Promise<Instances> {
  const made = new Instances('stand-in', async () => standIn(options));
  await made.fill();
  return made;
}

const missing = await prepareUnicornWasm().then(
  () => undefined,
  (error: unknown) => (error instanceof OracleError ? error.message : String(error)),
);

describe.skipIf(missing !== undefined)(`unicorn.js itself${skippedBecause(missing)}`, () => {
  describeEngine('unicorn-wasm', () => openUnicornWasm());
});

const plain = await instances();
describeEngine('unicorn-wasm on a stand-in', () => openUnicornWasm(plain));
const bare = await instances({ ctl: false, sizeBits: 32 });
const isNew = loadLibunicorn(findLibunicorn()).version >= VERSION_2_1;
const cut = isNew
  ? '2.1.x has neither all address bits nor all instructions unless uc_ctl asks for them'
  : undefined;
describe.skipIf(isNew)(`a stand-in of old${skippedBecause(cut)}`, () => {
  describeEngine('unicorn-wasm on a stand-in without uc_ctl', () => openUnicornWasm(bare));
});

describe('openUnicornWasm', () => {
  it('says what it is', () => {
    const engine = openUnicornWasm(plain);
    expect([engine.name, engine.version]).toEqual([
      'unicorn-wasm',
      expect.stringMatching(/^unicorn\.js \d+\.\d+\.\d+ \(stand-in\)$/),
    ]);
    engine.close();
  });

  it('leaves nothing in the memory of the module', async () => {
    const made: StandIn[] = [];
    const source = new Instances('stand-in', async () => {
      const module = standIn();
      made.push(module);
      return module;
    });
    await source.fill();
    const once = (): void => {
      const guest = new Guest(openUnicornWasm(source));
      guest.expectGoodCase();
      guest.run('48 8b 02 c3', registers({ 2: 0n }), { precise: true });
      guest.engine.close();
    };
    once();
    const before = made[0]?.open();
    for (let i = 0; i < 5; i++) once();
    expect(made[0]?.open()).toEqual(before);
  });

  it('explains a crash, and goes on in another instance with the same memory', async () => {
    let crashes = 0;
    const source = await instances({
      onStart: () => {
        if (crashes-- > 0) throw new Error('memory access out of bounds');
      },
    });
    const guest = new Guest(openUnicornWasm(source));
    guest.data().fill(0x5a);
    for (let i = 0; i < 4; i++) {
      crashes = 1;
      const { stop } = guest.run('b8 01 00 00 00 c3');
      expect(stop).toMatchObject({
        kind: 'error',
        message: expect.stringMatching(/crashed.*long.*use unicorn/),
      });
      // mov rax, [rdx]
      const { regs } = guest.run('48 8b 02 c3', registers({ 2: DATA.address }));
      expect(regs[RAX]).toBe(0x5a5a_5a5a_5a5a_5a5an);
      guest.expectGoodCase();
      await source.fill();
    }
    crashes = 99;
    const crashOn = (): void => {
      for (let i = 0; i < 10; i++) guest.run('c3');
    };
    expect(crashOn).toThrow(/^engine unicorn-wasm: stand-in: it crashed more often/);
    guest.engine.close();
  });

  it('ends a run in which memory has grown, and reads what the next one leaves', async () => {
    let grows = false;
    const source = await instances({
      onStart: (module) => {
        if (grows) module.grow();
        grows = false;
      },
    });
    const guest = new Guest(openUnicornWasm(source));
    grows = true;
    expect(guest.run('c3').stop).toMatchObject({
      kind: 'error',
      message: expect.stringMatching(/memory .* grew/),
    });
    guest.run('48 89 02 c3', registers({ [RAX]: 9n, 2: DATA.address })); // mov [rdx], rax
    expect(guest.data()[0]).toBe(9);
    guest.engine.close();
  });

  it('says that its memory is full', async () => {
    const source = await instances({ heap: 1 << 20 });
    const engine = openUnicornWasm(source);
    const region = { name: 'large', address: 0x5000_0000n, size: 1 << 20, perms: 'rw' } as const;
    expect(() => engine.map(region)).toThrow(/no room for 1048576 bytes: its memory is full/);
    expect(() => engine.unmap(region)).toThrow('not mapped');
    engine.close();
  });

  it('wants to be prepared', () => {
    if (missing === undefined) return;
    expect(() => openUnicornWasm()).toThrow('name it with --engine');
  });

  it('keeps where a precise run stopped', () => {
    const guest = new Guest(openUnicornWasm(plain));
    expect(guest.run('90 ff e2', registers({ 2: 0n }), { precise: true }).stop).toMatchObject({
      kind: 'fetch',
      rip: at(1),
    });
    guest.engine.close();
  });
});

describe('findUnicornJs', () => {
  it('takes the file the user names, or says that it is missing', () => {
    const file = realpathSync(process.execPath);
    expect(findUnicornJs({ BPF_ORACLE_UNICORN_JS: file })).toBe(file);
    expect(() => findUnicornJs({ BPF_ORACLE_UNICORN_JS: '/nowhere' })).toThrow(
      /^load unicorn\.js: \/nowhere: BPF_ORACLE_UNICORN_JS names it, but there is no such file/,
    );
    expect(() => findUnicornJs({}, '/proc')).toThrow(
      missing === undefined
        ? undefined
        : /not installed; run "npm install @alexaltea\/unicorn-js", or set BPF_ORACLE/,
    );
  });
});

describe('loadFactory', () => {
  const folder = mkdtempSync(join(tmpdir(), 'unicorn-js-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const load = async (name: string, source: string) => {
    const path = join(folder, name);
    writeFileSync(path, source);
    const factory = await loadFactory(path);
    return factory();
  };

  it('takes a function exported either way', async () => {
    const lacking = /it does not export HEAPU8, _free, /;
    const factory = 'async () => ({ _malloc() {} })';
    await expect(load('one.mjs', `export default ${factory}`)).rejects.toThrow(lacking);
    await expect(load('two.cjs', `module.exports = ${factory}`)).rejects.toThrow(lacking);
  });

  it('refuses what is no module', async () => {
    await expect(load('three.mjs', 'export default 1')).rejects.toThrow('exports no function');
    await expect(load('four.mjs', 'export const a = 1')).rejects.toThrow('exports no function');
    await expect(load('five.mjs', '}')).rejects.toThrow(/^load unicorn\.js: .*five\.mjs: /);
    await expect(loadFactory('/nowhere.mjs')).rejects.toThrow(/^load unicorn\.js: \/nowhere\.mjs: /);
  });
});
