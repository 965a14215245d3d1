/** Opens engines by name. That of unicorn-wasm, which few ask for, is loaded when it is prepared. */
import { OracleError } from '../core/errors.ts';
import type { Engine } from './engine.ts';
import type { EngineName } from './engine-names.ts';
import { openSilicon } from './silicon/silicon.ts';
import { openUnicorn } from './unicorn.ts';

type Open = () => Engine;

const opens = new Map<EngineName, Open>([
  ['unicorn', openUnicorn],
  ['silicon', openSilicon],
]);

/** Loads what cannot be loaded while an engine is opened. Throws an `engine` error that says what is missing. */
export async function prepareEngines(names: Iterable<EngineName> = []): Promise<void> {
  for (const name of names) {
    if (name === 'unicorn-wasm') {
      const { openUnicornWasm, prepareUnicornWasm } = await import('./wasm/unicorn-wasm.ts');
      await prepareUnicornWasm();
      opens.set(name, () => openUnicornWasm());
    }
  }
}

/** Opens an engine; `unicorn-wasm` must have been prepared. Throws an `engine` error that says what is missing. */
export function openEngine(name: EngineName): Engine {
  const open = opens.get(name);
  if (open !== undefined) return open();
  const why = 'it is loaded only where it is asked for: name it with --engine';
  throw new OracleError('engine', { what: `engine ${name}`, where: 'open', why });
}
