/**
 * What native code calls, where it gets to a program through a trampoline, as text: `fexit=u64,s32,struct16:u128`;
 * what follows the colon is returned, nothing by default. As `--native` and as `# oracle: native …`.
 */
import { badInput } from '../core/errors.ts';
import { ATTACH_KINDS, type AttachKind, type NativeProto, wordsIn } from '../core/native.ts';
import { MAX_ARGS } from './calling.ts';
import { parseNativeTypes } from './native-type.ts';

const PROTO = /^([a-z_-]+)\s*=\s*([^:]*?)\s*(?::\s*(\S+)\s*)?$/;

/** Throws an `input` error that names `where`. */
export function parseNativeProto(text: string, where: string): NativeProto {
  const [, attach = '', list = '', returned = 'void'] = PROTO.exec(text.trim()) ?? [];
  if (!isAttachKind(attach)) {
    const why = `\`${text}\` is not KIND=type,type,…:type as in fexit=u64,s32:u64; kinds are ${ATTACH_KINDS.join(', ')}`;
    throw badInput('read native prototype', where, why);
  }
  const args = parseNativeTypes(list, where);
  const [result, ...more] = parseNativeTypes(returned, where);
  if (more.length > 0)
    throw badInput('read native prototype', where, `\`${returned}\` is more than one type to return`);
  const words = args.reduce((sum, type) => sum + wordsIn(type), 0);
  // -ENOTSUPP in Linux.
  if (words > MAX_ARGS)
    throw badInput(
      'read native prototype',
      where,
      `its arguments have ${words} words of 8 bytes; a trampoline takes ${MAX_ARGS}`,
    );
  // bpf_struct_ops programs return one register.
  if (attach === 'struct_ops' && result !== undefined && wordsIn(result) > 1)
    throw badInput('read native prototype', where, `a program returns r0 alone, not ${result.text}`);
  return { attach, args, ...(result === undefined ? {} : { result }) };
}

export const nativeProtoText = ({ attach, args, result }: NativeProto): string =>
  `${attach}=${args.map(({ text }) => text).join(',')}${result === undefined ? '' : `:${result.text}`}`;

const isAttachKind = (name: string): name is AttachKind => (ATTACH_KINDS as readonly string[]).includes(name);
