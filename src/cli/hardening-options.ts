/** `--retpoline`, `--return-thunk`, `--call-depth`, `--lfence`, `--blinding SEED`: what hardens code, everywhere it is named. */
import type { Command } from 'commander';
import { Option } from 'commander';
import { badInput } from '../core/errors.ts';
import type { Hardening } from '../jit/hardening.ts';
import { naturalNumber } from './natural-number.ts';

interface Feature {
  readonly key: Exclude<keyof Hardening, 'blinding'>;
  /** Without dashes, and as in `# oracle: retpoline on`. */
  readonly word: string;
  readonly description: string;
}

const FEATURES: readonly Feature[] = [
  { key: 'retpoline', word: 'retpoline', description: 'jumps of tail calls go through a retpoline' },
  { key: 'returnThunk', word: 'return-thunk', description: 'exits jump to a return thunk' },
  { key: 'callDepth', word: 'call-depth', description: 'calls are counted, as by call depth tracking' },
  { key: 'lfence', word: 'lfence', description: 'lfence after stores to the stack and before tail calls' },
];
const BLINDING = 'blinding';

export const HARDENING_KEYS: readonly string[] = [...FEATURES.map(({ key }) => key), BLINDING];

export function addHardeningOptions(command: Command): Command {
  for (const { word, description } of FEATURES) command.option(`--${word}`, description);
  return command.addOption(
    new Option(
      `--${BLINDING} <seed>`,
      'blind constants, as net.core.bpf_jit_harden does; masks follow from the seed',
    ).argParser(naturalNumber),
  );
}

/** The part of a setup that is about it. */
export function hardeningOf(setup: Hardening): Hardening {
  const on = FEATURES.filter(({ key }) => setup[key] === true).map(({ key }) => [key, true] as const);
  return { ...Object.fromEntries(on), ...(setup.blinding === undefined ? {} : { blinding: setup.blinding }) };
}

/** As words of a command line. */
export const hardeningWords = (setup: Hardening): string[] => [
  ...FEATURES.filter(({ key }) => setup[key] === true).map(({ word }) => `--${word}`),
  ...(setup.blinding === undefined ? [] : [`--${BLINDING}`, `${setup.blinding}`]),
];

/** As `# oracle:` lines. */
export const hardeningLines = (setup: Hardening): [string, string[]][] => [
  ...FEATURES.filter(({ key }) => setup[key] === true).map(({ word }): [string, string[]] => [word, ['on']]),
  ...(setup.blinding === undefined ? [] : [[BLINDING, [`${setup.blinding}`]] satisfies [string, string[]]]),
];

/** What the lines say, else what the command line does. Throws an `input` error; `where`: the file. */
export function hardeningFrom(
  oracle: ReadonlyMap<string, readonly string[]>,
  where: string,
  otherwise: Hardening,
): Hardening {
  const seed = oracle.get(BLINDING)?.at(-1);
  if (seed !== undefined && !/^\d{1,10}$/.test(seed))
    throw badInput('read case', where, `its ${BLINDING} is \`${seed}\`; it can be a whole number`);
  const stated = FEATURES.map(
    ({ key, word }) => [key, onOff(oracle, word, where) ?? otherwise[key]] as const,
  );
  return hardeningOf({
    ...otherwise,
    ...Object.fromEntries(stated),
    ...(seed === undefined ? {} : { blinding: Number(seed) }),
  });
}

function onOff(
  oracle: ReadonlyMap<string, readonly string[]>,
  word: string,
  where: string,
): boolean | undefined {
  const value = oracle.get(word)?.at(-1);
  if (value === undefined || value === 'on' || value === 'off')
    return value === undefined ? undefined : value === 'on';
  throw badInput('read case', where, `its ${word} is \`${value}\`; it can be on or off`);
}
