/** What a kernel's image refers to, made small: thunks as code behind the image, data as memory of its own. */
import { KERNEL_DATA_BASE } from '../../core/layout.ts';
import type { U64 } from '../../core/u64.ts';
import { GPR_NAMES } from '../schema.ts';
import type { KernelSymbol } from './kallsyms.ts';

const STUB_BYTES = 16;
const INT3 = 0xcc;
const RET = 0xc3;

/** `call` or `jmp` through a register, by a thunk or not: arch/x86/lib/retpoline.S. */
const INDIRECT_THUNK = /^__x86_indirect_(?:\w+_)?thunk_(r\w+)$/;
/** Jumped to in the place of `ret`: `__x86_return_thunk`, `srso_return_thunk`, `its_return_thunk`, … */
const RETURN_THUNK = /return_thunk$/;
/** They return, and change nothing a program sees. */
const DOES_NOTHING = /^(?:__fentry__|clear_bhb_loop)$/;

/** Code that does as the symbol does; undefined if it is no thunk. */
function stubCode(name: string): readonly number[] | undefined {
  const [, register] = INDIRECT_THUNK.exec(name) ?? [];
  if (register !== undefined) {
    const number = (GPR_NAMES as readonly string[]).indexOf(register);
    // jmp r64: FF /4, SDM 2A
    return number < 0 ? undefined : [...(number < 8 ? [] : [0x41]), 0xff, 0xe0 | (number & 7)];
  }
  return RETURN_THUNK.test(name) || DOES_NOTHING.test(name) ? [RET] : undefined;
}

/** Offsets of thunks from the end of the image on, and the code there. */
export class Stubs {
  readonly #from: number;
  readonly #offsets = new Map<string, number>();
  readonly #code: number[] = [];

  constructor(from: number) {
    this.#from = from + (((-from % STUB_BYTES) + STUB_BYTES) % STUB_BYTES);
  }

  /** Offset of the stub for a symbol; undefined if it is no thunk. */
  offsetOf({ name }: KernelSymbol): number | undefined {
    const known = this.#offsets.get(name);
    if (known !== undefined) return known;
    const code = stubCode(name);
    if (code === undefined) return undefined;
    const offset = this.#from + this.#code.length;
    this.#code.push(...code, ...Array.from({ length: STUB_BYTES - code.length }, () => INT3));
    this.#offsets.set(name, offset);
    return offset;
  }

  /** The image with its stubs behind it. */
  append(image: Uint8Array): Uint8Array {
    const all = new Uint8Array(this.#code.length === 0 ? image.length : this.#from + this.#code.length).fill(
      INT3,
    );
    all.set(image);
    all.set(this.#code, all.length - this.#code.length);
    return all;
  }
}

/** Bytes a symbol has where the map does not say: those of a cache line. */
const DATA_BYTES = 64;

/** Data symbols, one behind the other from KERNEL_DATA_BASE on. */
export class KernelData {
  readonly #places: readonly { readonly symbol: KernelSymbol; readonly at: number; readonly size: number }[];
  readonly #bytes: Uint8Array;

  constructor(symbols: readonly KernelSymbol[]) {
    let end = 0;
    this.#places = symbols
      .filter(({ isData }) => isData)
      .map((symbol) => {
        const size = Math.max(DATA_BYTES, symbol.bytes?.length ?? 0);
        const at = end;
        end += size;
        return { symbol, at, size };
      });
    this.#bytes = new Uint8Array(end);
    for (const { symbol, at } of this.#places) this.#bytes.set(symbol.bytes ?? [], at);
  }

  /** Where an address of the kernel lies now; undefined if it is in no symbol. */
  addressOf(target: U64): U64 | undefined {
    const place = this.#places.find(
      ({ symbol, size }) => target >= symbol.address && target < symbol.address + BigInt(size),
    );
    if (place === undefined) return undefined;
    return KERNEL_DATA_BASE + BigInt(place.at) + target - place.symbol.address;
  }

  get bytes(): Uint8Array {
    return this.#bytes;
  }
}
