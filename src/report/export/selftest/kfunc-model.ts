/** What the oracle's kfuncs compute (defaultModel of core/env.ts), as C for a kernel module. */
import type { Callee } from '../../../bpf/program.ts';
import { modelKey, modelStart } from '../../../core/env.ts';
import { FMIX, FMIX_SHIFT } from '../../../core/fmix.ts';
import type { U64 } from '../../../core/u64.ts';

/** A kfunc under the name it has in the file. */
export interface NamedKfunc {
  readonly callee: Callee;
  readonly name: string;
  readonly args: number;
  /** Positions of arguments that its result depends on. */
  readonly counting: readonly number[];
}

/** `u64 a1, u64 a2`, or void. */
export const parameters = (type: string, args: number): string =>
  args === 0 ? 'void' : Array.from({ length: args }, (_, i) => `${type} a${i + 1}`).join(', ');

/** Lines of C; none if there are no kfuncs. */
export function kfuncModels(kfuncs: readonly NamedKfunc[]): string[] {
  if (kfuncs.length === 0) return [];
  return [
    'static u64 mix(u64 x)',
    '{',
    ...FMIX.map((multiplier) => `\tx = (x ^ (x >> ${FMIX_SHIFT})) * ${number(multiplier)};`),
    `\treturn x ^ (x >> ${FMIX_SHIFT});`,
    '}',
    ...kfuncs.flatMap(({ callee, name, args, counting }) => [
      '',
      `__bpf_kfunc u64 ${name}(${parameters('u64', args)})`,
      '{',
      `\tu64 h = ${number(modelStart(callee))};`,
      '',
      ...counting
        .filter((position) => position <= args)
        .map((position) => `\th = mix(h ^ (a${position} + ${number(modelKey(position))}));`),
      '\treturn h;',
      '}',
    ]),
  ];
}

const number = (value: U64 | bigint): string => `0x${value.toString(16)}ull`;
