/** Whether the engine `silicon` can be had on this machine. */
import { OracleError } from '../../src/core/errors.ts';
import { openSilicon } from '../../src/emu/silicon/silicon.ts';

/** Why not; undefined if it can. */
export function siliconMissing(): string | undefined {
  try {
    openSilicon().close();
    return undefined;
  } catch (error) {
    if (error instanceof OracleError && error.kind === 'engine') return error.message;
    throw error;
  }
}
