/** Names of engines: light, since every command line knows them; engines.ts opens the engines. */
export const ENGINE_NAMES = ['unicorn', 'silicon', 'unicorn-wasm'] as const;
export type EngineName = (typeof ENGINE_NAMES)[number];

/** What runs native code where nobody says. */
export const DEFAULT_ENGINE: EngineName = 'unicorn';

export const isEngineName = (name: string): name is EngineName =>
  (ENGINE_NAMES as readonly string[]).includes(name);
