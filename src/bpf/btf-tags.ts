/**
 * Declaration tags of BTF that say something of a program: `exception_callback:NAME` on main names the function that
 * goes on where the program throws. linux b9ae0c9dd0ac; libbpf's bpf_object__relocate(), btf.rst §2.2.17.
 */
import { badInput } from '../core/errors.ts';
import { type Btf, badBtf, typeAt } from './btf.ts';

const EXCEPTION_CALLBACK = 'exception_callback:';
/** `component_idx` of a tag on the function itself, not on an argument. */
const ITSELF = 0xffff_ffff;

/**
 * The name of the exception callback of a program; undefined where it names none. Throws an `input` error if it names
 * two, or if such a tag is on anything but a function.
 */
export function exceptionCallbackOf(btf: Btf, main: string): string | undefined {
  const names: string[] = [];
  for (const tag of btf.types) {
    if (tag.kind !== 'DECL_TAG' || btf.reader.u32(tag.extra) !== ITSELF) continue;
    const text = btf.nameAt(tag.nameOffset);
    if (!text.startsWith(EXCEPTION_CALLBACK)) continue;
    const { id, kind, nameOffset } = typeAt(btf, tag.sizeOrType, tag);
    if (kind !== 'FUNC')
      throw badBtf(
        btf.fileName,
        `type ${tag.id} (DECL_TAG)`,
        `${text} is on type ${id}, no function but ${kind}`,
      );
    if (btf.nameAt(nameOffset) === main) names.push(text.slice(EXCEPTION_CALLBACK.length));
  }
  if (names.length > 1) {
    const why = `multiple exception callback tags for main subprog: ${names.join(', ')}`;
    throw badInput('read ELF', `${btf.fileName}:${main}`, why);
  }
  return names[0];
}
