/** Unicorn as machine code: libunicorn, loaded into this process by koffi. */
import koffi, { type TypeObject } from 'koffi';
import { findLibunicorn } from './find-libunicorn.ts';
import { hostHooks } from './host-code.ts';
import { makeLean } from './lean-libunicorn.ts';
import { BLOCK_PROTO, INTR_PROTO, loadLibunicorn, MEM_PROTO, SYSCALL_PROTO } from './libunicorn.ts';
import { RegisterFile } from './register-file.ts';
import { type CallbackKind, type UnicornHost, versionText } from './unicorn-host.ts';

const PROTOS: Readonly<Record<CallbackKind, TypeObject>> = {
  insn: BLOCK_PROTO,
  interrupt: INTR_PROTO,
  systemCall: SYSCALL_PROTO,
  memory: MEM_PROTO,
};

/** Throws an `engine` error when there is no usable library. */
export function nativeHost(
  library: string | undefined,
  blockHook: 'native' | 'js',
  isLean: boolean,
): UnicornHost {
  const lib = loadLibunicorn(library ?? findLibunicorn());
  const hooks = blockHook === 'native' ? hostHooks() : null;
  return {
    name: 'unicorn',
    version: `libunicorn ${versionText(lib.version)} (${lib.path})`,
    lib,
    dropsQuickly: isLean && makeLean(lib),
    registers: new RegisterFile(lib),
    hooks: hooks && { ...hooks, lib },
    // A buffer of its own: its bytes never move, and its views keep it alive.
    allocate: (size) => ({ bytes: new Uint8Array(new ArrayBuffer(size)) }),
    release: () => undefined,
    callback: (kind, run) => koffi.register(run, koffi.pointer(PROTOS[kind])),
    removeCallback: (callback) => koffi.unregister(callback),
  };
}
