/** Opens engines by name. */
import type { Engine } from './engine.ts';
import type { EngineName } from './engine-names.ts';
import { openSilicon } from './silicon/silicon.ts';
import { openUnicorn } from './unicorn.ts';
import { openUnicornWasm, prepareUnicornWasm } from './wasm/unicorn-wasm.ts';

/** Loads what cannot be loaded while an engine is opened. Throws an `engine` error that says what is missing. */
export async function prepareEngines(names: Iterable<EngineName> = []): Promise<void> {
  if ([...names].includes('unicorn-wasm')) await prepareUnicornWasm();
}

/** Opens an engine; `unicorn-wasm` must have been prepared. Throws an `engine` error that says what is missing. */
export function openEngine(name: EngineName): Engine {
  switch (name) {
    case 'unicorn':
      return openUnicorn();
    case 'silicon':
      return openSilicon();
    case 'unicorn-wasm':
      return openUnicornWasm();
  }
}
