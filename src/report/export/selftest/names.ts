/** Names that are the same in C and in clang's assembly for BPF. */
import type { Program } from '../../../bpf/program.ts';
import { calleeKey } from '../../../core/env.ts';
import type { Items } from './items.ts';

export interface Names {
  readonly functions: readonly string[];
  readonly data: readonly string[];
  /** Kfuncs by `calleeKey`. */
  readonly kfuncs: ReadonlyMap<string, string>;
}

const PLAIN = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** Words of C and of the assembly, registers, labels, and names that compilers keep to themselves. */
const TAKEN = new RegExp(
  `^(?:${[
    'auto|break|case|char|const|continue|default|do|double|else|enum|extern|float|for|goto|if|inline|int|long',
    'register|restrict|return|short|signed|sizeof|static|struct|switch|typedef|typeof|union|unsigned|void',
    'volatile|while|asm|bool|true|false|call|callx|exit|gotol|may_goto|lock|ll|skb|SEC',
    'load_acquire|store_release|(?:cmp)?xchg\\w*|atomic_\\w*|[bl]e\\d+|bswap\\d+|[su]\\d+|[rw]\\d+|l\\d+|_.*',
  ].join('|')})$`,
  'i',
);

/** Each name as it is where that is usable and not taken twice; else one by number. */
export function namesOf({ functions, data }: Items, { callees }: Program): Names {
  const used = new Set<string>();
  const pick = (wanted: string, otherwise: string): string => {
    const usable = PLAIN.test(wanted) && !TAKEN.test(wanted) && !used.has(wanted);
    const name = usable ? wanted : otherwise;
    used.add(name);
    return name;
  };
  const kfuncs = [...callees.values()].filter(({ kind }) => kind === 'kfunc');
  return {
    // A kernel finds kfuncs by their names.
    kfuncs: new Map(kfuncs.map((callee) => [calleeKey(callee), pick(callee.name, `kfunc_${callee.id}`)])),
    functions: functions.map(({ name }, i) => pick(name, `func_${i}`)),
    data: data.map(({ name }, i) => pick(name.replace(/^\./, ''), `data_${i}`)),
  };
}
