/**
 * Prototypes as text: `name=u64,u32,…`, or with the number of arguments alone, `name=12`. What follows a colon is the
 * result: `name=u64,struct16:u128`. An argument of more than 8 bytes counts as two words.
 */
import { badInput } from '../core/errors.ts';
import { type NativeType, type Signature, wordsIn } from '../core/native.ts';
import { MAX_ARGS } from './calling.ts';
import { parseNativeTypes } from './native-type.ts';

const PROTO = /^([A-Za-z_.$][\w.$]*)\s*=\s*(.*)$/;

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

/** What a prototype says of its types, if any has two words; else the number of arguments is all there is to it. */
export function parseSignature(text: string, where: string): readonly [name: string, Signature] | undefined {
  const [, name, list = ''] = PROTO.exec(text.trim()) ?? [];
  const [args = [], [result] = []] = /^\d+$/.test(list) ? [] : typesOf(list, where);
  const isWide = [...args, ...(result === undefined ? [] : [result])].some((type) => wordsIn(type) > 1);
  if (name === undefined || !isWide) return undefined;
  return [name, { args, ...(result === undefined ? {} : { result }) }];
}

export const signatureText = ({ args, result }: Signature): string =>
  `${args.map(({ text }) => text).join(',')}${result === undefined ? '' : `:${result.text}`}`;

/** In words. */
function argCount(list: string, where: string): number {
  if (/^\d+$/.test(list)) return Number(list);
  return typesOf(list, where)[0].reduce((sum, type) => sum + wordsIn(type), 0);
}

function typesOf(list: string, where: string): readonly [NativeType[], NativeType[]] {
  const [args = '', result = 'void', more] = list.split(':').map((part) => part.trim());
  const returned = parseNativeTypes(result, where);
  if (more !== undefined || returned.length > 1)
    throw badInput('read prototype', where, `\`${list}\` has more than one result`);
  return [parseNativeTypes(args, where), returned];
}
