/**
 * unicorn.js: Unicorn compiled to WebAssembly (npm `@alexaltea/unicorn-js`, entry `x86`). What is used of it are the
 * exports of Emscripten: the C functions themselves, memory, and functions as pointers. Its own JavaScript API
 * lacks what an engine needs (memory of the caller's, batches of registers).
 *
 * Values of 64 bits are bigints, pointers and all else numbers; variable arguments are a pointer to them.
 */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { OracleError } from '../../core/errors.ts';

export const UNICORN_JS = '@alexaltea/unicorn-js/x86';
/** Names the module's file, or the package's directory; overrides what is installed. */
export const UNICORN_JS_VARIABLE = 'BPF_ORACLE_UNICORN_JS';

/** A loaded module. */
export interface UnicornModule {
  /** Replaced when the memory grows. */
  readonly HEAPU8: Uint8Array;
  readonly _malloc: (size: number) => number;
  readonly _free: (at: number) => void;
  /** A pointer to a JavaScript function; the signature has v, i, j for void, i32, i64, result first. */
  readonly addFunction: (run: (...args: never[]) => unknown, signature: string) => number;
  readonly removeFunction: (pointer: number) => void;
  readonly _uc_version: (major: number, minor: number) => number;
  readonly _uc_open: (arch: number, mode: number, uc: number) => number;
  readonly _uc_close: (uc: number) => number;
  /** Not exported by every build. */
  readonly _uc_ctl?: (uc: number, word: number, args: number) => number;
  /** `size` is 64 bits wide from 2.1.2 on. */
  readonly _uc_mem_map_ptr: (
    uc: number,
    address: bigint,
    size: number | bigint,
    perms: number,
    at: number,
  ) => number;
  readonly _uc_mem_unmap: (uc: number, address: bigint, size: number | bigint) => number;
  readonly _uc_reg_read_batch: (uc: number, ids: number, values: number, count: number) => number;
  readonly _uc_reg_write_batch: (uc: number, ids: number, values: number, count: number) => number;
  readonly _uc_hook_add: (
    uc: number,
    hook: number,
    type: number,
    callback: number,
    user: number,
    begin: bigint,
    end: bigint,
    args: number,
  ) => number;
  readonly _uc_hook_del: (uc: number, hook: number) => number;
  readonly _uc_emu_start: (
    uc: number,
    begin: bigint,
    until: bigint,
    timeout: bigint,
    count: number,
  ) => number;
  readonly _uc_emu_stop: (uc: number) => number;
  readonly _uc_context_alloc: (uc: number, context: number) => number;
  readonly _uc_context_save: (uc: number, context: number) => number;
  readonly _uc_context_restore: (uc: number, context: number) => number;
  readonly _uc_context_free: (context: number) => number;
}

const NEEDED: readonly (keyof UnicornModule)[] = [
  'HEAPU8',
  '_malloc',
  '_free',
  'addFunction',
  'removeFunction',
  '_uc_version',
  '_uc_open',
  '_uc_close',
  '_uc_mem_map_ptr',
  '_uc_mem_unmap',
  '_uc_reg_read_batch',
  '_uc_reg_write_batch',
  '_uc_hook_add',
  '_uc_hook_del',
  '_uc_emu_start',
  '_uc_emu_stop',
  '_uc_context_alloc',
  '_uc_context_save',
  '_uc_context_restore',
  '_uc_context_free',
];

/** Makes a module with a memory of its own. */
export type ModuleFactory = () => Promise<UnicornModule>;

/** The file of the module. Throws an `engine` error that says what to do when there is none. */
export function findUnicornJs(env: NodeJS.ProcessEnv = process.env, cwd: string = process.cwd()): string {
  const chosen = env[UNICORN_JS_VARIABLE];
  if (chosen !== undefined && chosen !== '') {
    if (!existsSync(chosen)) {
      throw missing(
        chosen,
        `${UNICORN_JS_VARIABLE} names it, but there is no such file; correct or unset it`,
      );
    }
    return resolved(chosen, cwd) ?? chosen;
  }
  const found = resolved(UNICORN_JS, import.meta.url) ?? resolved(UNICORN_JS, join(cwd, 'package.json'));
  if (found !== undefined) return found;
  const install = `run "npm install ${UNICORN_JS.replace(/\/x86$/, '')}", or set ${UNICORN_JS_VARIABLE}`;
  throw missing(UNICORN_JS, `not installed; ${install}`);
}

/** Loads the file's factory. Throws an `engine` error when it is none. */
export async function loadFactory(path: string): Promise<ModuleFactory> {
  const factory = factoryIn(await imported(path));
  return async () => checked(await factory(), path);
}

async function imported(path: string): Promise<unknown> {
  try {
    return await import(pathToFileURL(path).href);
  } catch (cause) {
    const why = cause instanceof Error ? (cause.message.split('\n')[0] ?? '') : String(cause);
    throw missing(path, why, { cause });
  }
}

/** CommonJS comes as a default export, which may hold another one. */
function factoryIn(loaded: unknown): () => Promise<unknown> {
  for (let value = loaded; value !== undefined; value = (value as { default?: unknown } | null)?.default) {
    if (typeof value === 'function') return value as () => Promise<unknown>;
  }
  throw missing(UNICORN_JS, 'it exports no function; is it unicorn.js 2.1?');
}

function checked(module: unknown, path: string): UnicornModule {
  const found = (module ?? {}) as Partial<UnicornModule>;
  const lacking = NEEDED.filter((name) => found[name] === undefined);
  if (lacking.length === 0) return found as UnicornModule;
  throw missing(
    path,
    `it does not export ${lacking.join(', ')}; build unicorn.js 2.1 with them, or use unicorn`,
  );
}

function resolved(name: string, from: string): string | undefined {
  try {
    return createRequire(from).resolve(name);
  } catch {
    return undefined;
  }
}

const missing = (where: string, why: string, options?: ErrorOptions): OracleError =>
  new OracleError('engine', { what: 'load unicorn.js', where, why }, options);
