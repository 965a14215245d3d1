/** BPF objects made by hand, a byte at a time: functions, and BTF that says what it likes. */

/** A function: instructions in hex. A static one is `STB_LOCAL`. */
export interface ElfFunction {
  readonly name: string;
  readonly section: string;
  readonly code: string;
  readonly isStatic?: boolean;
}

/** One type of BTF: name, kind, vlen, size or type, and the words that follow. */
export type BtfRow = readonly [
  name: string,
  kind: number,
  vlen: number,
  sizeOrType: number,
  ...rest: number[],
];

interface Section {
  readonly name: string;
  readonly type: number;
  readonly flags: number;
  readonly link?: number;
  readonly info?: number;
  readonly bytes: Uint8Array;
}

const [PROGBITS, SYMTAB, STRTAB] = [1, 2, 3];
const CODE = 0x6;
const [HEADER, SECTION_HEADER, SYMBOL] = [64, 64, 24];

/** Little-endian words of the widths given. */
function words(...fields: readonly (readonly [bytes: 1 | 2 | 4 | 8, value: number])[]): Uint8Array {
  return Uint8Array.from(
    fields.flatMap(([bytes, value]) =>
      Array.from({ length: bytes }, (_, i) => Number((BigInt(value) >> BigInt(8 * i)) & 0xffn)),
    ),
  );
}

const joined = (parts: readonly Uint8Array[]): Uint8Array =>
  Uint8Array.from(parts.flatMap((part) => [...part]));

/** Strings with a 0 behind each, the empty one first. */
class Strings {
  #text = '\0';
  at(name: string): number {
    if (name === '') return 0;
    const offset = this.#text.length;
    this.#text += `${name}\0`;
    return offset;
  }
  bytes(): Uint8Array {
    return new TextEncoder().encode(this.#text);
  }
}

/** A .BTF section. */
export function btfOf(rows: readonly BtfRow[]): Uint8Array {
  const strings = new Strings();
  const types = joined(
    rows.map(([name, kind, vlen, sizeOrType, ...rest]) => {
      const fields = [strings.at(name), (kind << 24) | vlen, sizeOrType, ...rest];
      return words(...fields.map((value) => [4, value] as const));
    }),
  );
  const text = strings.bytes();
  const head = words([2, 0xeb9f], [1, 1], [1, 0], [4, 24]);
  const places = words([4, 0], [4, types.length], [4, types.length], [4, text.length]);
  return joined([head, places, types, text]);
}

/** An object of such functions, each in its own section, with BTF of such types. */
export function elfObject(functions: readonly ElfFunction[], btf: readonly BtfRow[]): Uint8Array {
  const symbolNames = new Strings();
  const codes = functions.map(({ section, code }) => {
    const bytes = Uint8Array.from(Buffer.from(code.replaceAll(' ', ''), 'hex'));
    return { name: section, type: PROGBITS, flags: CODE, bytes };
  });
  const symbols = functions
    .map(({ name, isStatic = false }, i) => ({ name, bind: isStatic ? 0 : 1, section: i + 1 }))
    .sort((a, b) => a.bind - b.bind);
  const locals = 1 + symbols.filter(({ bind }) => bind === 0).length;
  const table = symbols.map(({ name, bind, section }) =>
    words(
      ...([
        [4, symbolNames.at(name)],
        [1, (bind << 4) | 2],
        [1, 0],
        [2, section],
        [8, 0],
      ] as const),
      [8, codes[section - 1]?.bytes.length ?? 0],
    ),
  );
  const symtab = joined([new Uint8Array(SYMBOL), ...table]);
  const link = functions.length + 2;
  return layOut([
    ...codes,
    { name: '.symtab', type: SYMTAB, flags: 0, link, info: locals, bytes: symtab },
    { name: '.strtab', type: STRTAB, flags: 0, bytes: symbolNames.bytes() },
    { name: '.BTF', type: PROGBITS, flags: 0, bytes: btfOf(btf) },
  ]);
}

function layOut(sections: readonly Section[]): Uint8Array {
  const names = new Strings();
  const offsets = sections.map(({ name }) => names.at(name));
  const own = names.at('.shstrtab');
  const all = [...sections, { name: '.shstrtab', type: STRTAB, flags: 0, bytes: names.bytes() }];
  let at = HEADER;
  const headers = all.map(({ type, flags, bytes, link = 0, info = 0 }: Section, i) => {
    const place = words([4, offsets[i] ?? own], [4, type], [8, flags], [8, 0], [8, at], [8, bytes.length]);
    at += bytes.length;
    return joined([place, words([4, link], [4, info], [8, 1], [8, type === SYMTAB ? SYMBOL : 0])]);
  });
  const head = words(
    ...([
      [4, 0x464c457f],
      [4, 0x00010102],
      [8, 0],
      [2, 1],
      [2, 247],
      [4, 1],
      [8, 0],
      [8, 0],
    ] as const),
    ...([
      [8, at],
      [4, 0],
      [2, HEADER],
      [2, 0],
      [2, 0],
      [2, SECTION_HEADER],
      [2, all.length + 1],
    ] as const),
    [2, all.length],
  );
  return joined([head, ...all.map(({ bytes }) => bytes), new Uint8Array(SECTION_HEADER), ...headers]);
}
