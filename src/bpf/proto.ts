/** Prototypes as text: `name=u64,u32,…`, or with the number of arguments alone, `name=12`. */
import { badInput } from '../core/errors.ts';
import { MAX_ARGS } from './calling.ts';

const PROTO = /^([A-Za-z_.$][\w.$]*)\s*=\s*(.*)$/;
const TYPE = /^(?:[us](?:8|16|32|64)|ptr)$/;

/** Name and number of arguments; `name=` and `name=void` take none. `where` is named in errors. */
export function parseProto(text: string, where: string): readonly [name: string, args: number] {
  const [, name, list = ''] = PROTO.exec(text.trim()) ?? [];
  if (name === undefined)
    throw badInput('read prototype', where, `\`${text}\` is not name=type,type,… as in sum=u64,u32`);
  const args = argCount(list.trim(), where);
  if (args > MAX_ARGS)
    throw badInput(
      'read prototype',
      where,
      `\`${name}\` has ${args} arguments; there are at most ${MAX_ARGS}`,
    );
  return [name, args];
}

function argCount(list: string, where: string): number {
  if (list === '' || list === 'void') return 0;
  if (/^\d+$/.test(list)) return Number(list);
  const types = list.split(',').map((type) => type.trim());
  const wrong = types.find((type) => !TYPE.test(type));
  if (wrong !== undefined)
    throw badInput(
      'read prototype',
      where,
      `\`${wrong}\` is no type; types are u8 to u64, s8 to s64 and ptr`,
    );
  return types.length;
}
