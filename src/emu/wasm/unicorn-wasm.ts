/**
 * The engine over unicorn.js. A WebAssembly module is instantiated asynchronously and engines run synchronously:
 * `prepareUnicornWasm` makes instances ahead, and whenever one is taken another one is begun.
 */
import { OracleError } from '../../core/errors.ts';
import type { Engine } from '../engine.ts';
import { UnicornEngine } from '../unicorn.ts';
import { Instance } from './instance.ts';
import { findUnicornJs, loadFactory, type ModuleFactory } from './unicorn-js.ts';
import { type InstanceSource, WasmHost } from './wasm-host.ts';

/** Instances kept ready: one to be used, one for when that has crashed. Each has its own memory, some 50 MB. */
const SPARES = 2;

/** Instances of one module, handed out one after the other; engines share the latest. */
export class Instances implements InstanceSource {
  readonly path: string;
  readonly #factory: ModuleFactory;
  readonly #ready: Instance[] = [];
  #current: Instance | undefined;

  constructor(path: string, factory: ModuleFactory) {
    this.path = path;
    this.#factory = factory;
  }

  /** Makes as many as should be ready. Throws the `engine` error of a module that cannot be used. */
  async fill(): Promise<void> {
    while (this.#ready.length < SPARES) this.#ready.push(new Instance(await this.#factory()));
  }

  next(): Instance {
    if (this.#current !== undefined && !this.#current.isLost) return this.#current;
    const instance = this.#ready.shift();
    if (instance === undefined) {
      const why = 'it crashed more often than new instances could be made; use unicorn';
      throw new OracleError('engine', { what: 'engine unicorn-wasm', where: this.path, why });
    }
    this.#current = instance;
    // What is wrong with the module was told when it was loaded.
    this.fill().catch(() => undefined);
    return instance;
  }
}

let prepared: Instances | undefined;

/** Finds and loads unicorn.js, once a thread. Throws an `engine` error that says what to do when there is none. */
export async function prepareUnicornWasm(): Promise<void> {
  if (prepared === undefined) {
    const path = findUnicornJs();
    prepared = new Instances(path, await loadFactory(path));
  }
  await prepared.fill();
}

/** Opens an engine. Throws an `engine` error unless `prepareUnicornWasm` has found the module. */
export function openUnicornWasm(source: InstanceSource | undefined = prepared): Engine {
  if (source !== undefined) return new UnicornEngine(new WasmHost(source));
  const why = 'it is loaded only where it is asked for: name it with --engine';
  throw new OracleError('engine', { what: 'engine unicorn-wasm', where: 'open', why });
}
