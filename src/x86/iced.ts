/** iced-x86: a CommonJS package of 1.5 MB, loaded at first use. */
import { createRequire } from 'node:module';

export type Iced = typeof import('iced-x86');

let loaded: Iced | undefined;

export function iced(): Iced {
  loaded ??= createRequire(import.meta.url)('iced-x86') as Iced;
  return loaded;
}
