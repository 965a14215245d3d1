/** The engines by name. */
import type { Engine } from './engine.ts';
import { openSilicon } from './silicon/silicon.ts';
import { openUnicorn } from './unicorn.ts';

export const ENGINE_NAMES = ['unicorn', 'silicon'] as const;
export type EngineName = (typeof ENGINE_NAMES)[number];

/** What runs native code where nobody says. */
export const DEFAULT_ENGINE: EngineName = 'unicorn';

export const isEngineName = (name: string): name is EngineName =>
  (ENGINE_NAMES as readonly string[]).includes(name);

/** Opens an engine. Throws an `engine` error that says what is missing. */
export function openEngine(name: EngineName): Engine {
  switch (name) {
    case 'unicorn':
      return openUnicorn();
    case 'silicon':
      return openSilicon();
  }
}
