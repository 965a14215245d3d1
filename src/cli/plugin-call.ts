/** The words of a plugin call, in any order: `[memory] [--program HEX] [--elf] [--jit] [--interpret] [--debug]`. */
import { OracleError } from '../core/errors.ts';
import { parseHex } from './hex.ts';

export interface PluginCall {
  /** Empty: none. */
  readonly memory: Uint8Array;
  /** In hex; null: it comes on standard input. */
  readonly program: string | null;
  /** The program is an ELF object. */
  readonly elf: boolean;
  readonly machine: 'interpreter' | 'jit';
}

/** Our own words, and what other plugins take that changes nothing here. */
const IGNORED = new Set(['run', '--plugin', '--debug', '--interpret']);

/** Whether a command line is one of the protocol. Its runner puts the memory before `run --plugin`. */
export const isPluginCall = (argv: readonly string[]): boolean =>
  argv.includes('run') && argv.includes('--plugin') && !argv.includes('--help') && !argv.includes('-h');

/** Throws a `usage` error for words the protocol does not have, an `input` error for bad hex. */
export function parsePluginCall(argv: readonly string[]): PluginCall {
  const words = argv.filter((word) => !IGNORED.has(word));
  const at = words.indexOf('--program');
  const [, program] = at < 0 ? [] : words.splice(at, 2);
  if (at >= 0 && program === undefined)
    throw usage('--program', 'the hex of the program is missing after it');
  const flags = words.filter((word) => word.startsWith('-'));
  const unknown = flags.find((flag) => flag !== '--elf' && flag !== '--jit');
  if (unknown !== undefined)
    throw usage(unknown, 'not of the plugin protocol: [memory] --program HEX --elf --jit');
  const [memory = '', ...more] = words.filter((word) => !word.startsWith('-'));
  if (more.length > 0) throw usage(`"${more[0]}"`, 'there is one memory argument; quote its bytes together');
  return {
    memory: parseHex(memory, 'memory'),
    program: program ?? null,
    elf: flags.includes('--elf'),
    machine: flags.includes('--jit') ? 'jit' : 'interpreter',
  };
}

const usage = (where: string, why: string): OracleError =>
  new OracleError('usage', { what: 'run --plugin', where, why });
