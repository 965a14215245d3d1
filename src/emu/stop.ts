/** What libunicorn and the hooks report of a run, made into a Stop. */
import type { U64 } from '../core/u64.ts';
import type { Stop } from './engine.ts';
import { UC_ERR_FETCH_UNMAPPED, UC_ERR_INSN_INVALID, UC_ERR_OK } from './libunicorn.ts';
import { missingInsn } from './missing-insns.ts';

/** SDM 2A §2.3.11. */
const MAX_INSN_BYTES = 15;
const VECTOR_DE = 0;
const VECTOR_UD = 6;

/** Seen by the hooks; the last of each kind. */
export interface GuestEvents {
  readonly access?: {
    readonly kind: 'read' | 'write' | 'fetch';
    readonly address: U64;
    readonly size: number;
  };
  readonly vector?: number;
  /** syscall or sysenter: without a hook it does nothing at all. */
  readonly systemCall?: true;
  /** Before this block; uc's own rip is stale there when instructions are hooked. */
  readonly halt?: { readonly kind: 'fuel' | 'stopped'; readonly rip: U64 };
  /** A watcher threw. */
  readonly error?: { readonly thrown: unknown };
}

/** All that is known after uc_emu_start. */
export interface RunReport extends GuestEvents {
  readonly err: number;
  readonly errText: (err: number) => string;
  readonly rip: U64;
  readonly until: U64;
  /** Bytes of the guest, fewer where they end. */
  readonly bytes: (address: U64, size: number) => Uint8Array;
  /** Start of the last instruction, where instructions were hooked. */
  readonly lastInsn?: U64;
}

/**
 * The hooks are asked first: uc_emu_start returns 0 for hlt, for a triple fault and for a stop alike. Only at
 * `until`, with nothing else seen, has a run ended well.
 */
export function stopOf(report: RunReport): Stop {
  const { access, vector, halt, error, err, rip } = report;
  if (error !== undefined) throw error.thrown;
  if (halt !== undefined) return halt;
  if (report.systemCall === true) return { kind: 'halt', rip };
  if (vector !== undefined) return interrupted(vector, rip);
  if (err === UC_ERR_INSN_INVALID) return invalid(report);
  if (access !== undefined && err !== UC_ERR_OK) return { ...access, rip: report.lastInsn ?? rip };
  if (err === UC_ERR_FETCH_UNMAPPED)
    return { kind: 'fetch', address: rip, size: 1, rip: report.lastInsn ?? rip };
  if (err !== UC_ERR_OK) return { kind: 'error', message: `${report.errText(err)} (uc_err ${err})`, rip };
  return rip === report.until ? { kind: 'end' } : { kind: 'halt', rip };
}

function invalid({ rip, bytes }: RunReport): Stop {
  const what = missingInsn(bytes(rip, MAX_INSN_BYTES));
  return what === undefined ? { kind: 'illegal', rip } : { kind: 'unsupported', what, rip };
}

function interrupted(vector: number, rip: U64): Stop {
  if (vector === VECTOR_DE) return { kind: 'divide', rip };
  if (vector === VECTOR_UD) return { kind: 'illegal', rip };
  return { kind: 'interrupt', vector, rip };
}
