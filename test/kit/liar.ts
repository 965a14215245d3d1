/** An engine that lies: it subtracts where the code says `add r64, r64`. */
import type { Engine } from '../../src/emu/engine.ts';

const REX_W = 0x48;
const ADD = 0x01;
const SUB = 0x29;

/** Takes an engine over, under its own name or another. */
export function liar(engine: Engine, name: string = engine.name): Engine {
  return {
    name,
    version: engine.version,
    caps: engine.caps,
    map: (region) => engine.map(region),
    unmap: (region) => engine.unmap(region),
    load: (address, code, entries) => engine.load(address, lied(code), entries),
    run: (request, out) => engine.run(request, out),
    close: () => engine.close(),
  };
}

const lied = (code: Uint8Array): Uint8Array =>
  code.map((byte, i) => (byte === ADD && code[i - 1] === REX_W ? SUB : byte));
