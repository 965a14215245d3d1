/**
 * Maps: lines of /proc/kallsyms (`address type name`), of which what else is known may follow:
 *
 *   ffffffff81c0f3a0 T __x86_indirect_thunk_rax
 *   ffffffff8127e0d0 T bpf_get_prandom_u32 helper:7
 *   0000000000021440 A cpu_number = 03000000
 */
import { badInput } from '../../core/errors.ts';
import type { U64 } from '../../core/u64.ts';

export interface KernelSymbol {
  readonly address: U64;
  readonly name: string;
  /** What it is to the program: `helper:7`, `kfunc:1`. Absent: what the program calls by this name. */
  readonly callee?: string;
  /** What lies there; absent: zeros, where it is data. */
  readonly bytes?: Uint8Array;
  /** By its type: D, B, R or, of variables of each CPU, A. */
  readonly isData: boolean;
}

const LINE =
  /^([0-9a-f]{1,16})\s+([a-z])\s+(\S+)(?:\s+\[\w+\])?(?:\s+((?:helper|kfunc):-?\d+))?(?:\s*=\s*((?:[0-9a-f]{2}\s*)+))?$/i;

/** Throws an `input` error that names the line. */
export function readKallsyms(text: string, path: string): KernelSymbol[] {
  return text.split('\n').flatMap((full, index) => {
    const line = full.replace(/#.*/, '').trim();
    if (line === '') return [];
    const [, address, type = '', name = '', callee, bytes] = LINE.exec(line) ?? [];
    if (address === undefined) {
      const why = `"${line.slice(0, 60)}" is not "address type name", then "helper:N", "kfunc:N" or "= bytes"`;
      throw badInput('read map', `${path}:${index + 1}`, why);
    }
    return [
      {
        address: BigInt(`0x${address}`),
        name,
        isData: bytes !== undefined || /^[dbra]$/i.test(type),
        ...(callee === undefined ? {} : { callee }),
        ...(bytes === undefined
          ? {}
          : { bytes: Uint8Array.from(Buffer.from(bytes.replace(/\s+/g, ''), 'hex')) }),
      },
    ];
  });
}
