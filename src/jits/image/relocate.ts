/** A kernel's image, moved to where images run: each thing it refers to by the address it has there. */
import { CODE_BASE } from '../../core/layout.ts';
import { hex, type U64, u64 } from '../../core/u64.ts';
import type { KernelSymbol } from './kallsyms.ts';
import type { Reference } from './references.ts';
import { KernelData, Stubs } from './stubs.ts';

/** One function: where the kernel had it, where it is in the bundle's image. */
export interface PlacedFunction {
  readonly address: U64;
  readonly offset: number;
  readonly code: Uint8Array;
  readonly references: readonly Reference[];
}

export interface Surroundings {
  readonly symbols: readonly KernelSymbol[];
  /** Address of the callee a symbol is; undefined if the program calls no such thing. */
  readonly calleeOf: (symbol: KernelSymbol) => U64 | undefined;
  /** 64-bit constants of the bytecode, which are no addresses of the kernel. */
  readonly constants: ReadonlySet<U64>;
}

export type Relocated =
  | { readonly kind: 'image'; readonly code: Uint8Array; readonly data: Uint8Array }
  /** What it refers to and nothing names, in words. */
  | { readonly kind: 'unknown'; readonly what: readonly string[] };

/** First address of the kernel's half. */
const KERNEL_HALF = 0xffff_8000_0000_0000n;

export function relocate(functions: readonly PlacedFunction[], surroundings: Surroundings): Relocated {
  const { symbols, calleeOf, constants } = surroundings;
  const image = concat(functions.map(({ code }) => code));
  const view = new DataView(image.buffer);
  const data = new KernelData(symbols);
  const stubs = new Stubs(image.length);
  const named = new Map(symbols.map((symbol) => [symbol.address, symbol]));
  const unknown = new Set<string>();

  const ownAddress = (target: U64): U64 | undefined => {
    const own = functions.find((each) => isInside(each, target));
    return own === undefined ? undefined : CODE_BASE + BigInt(own.offset) + target - own.address;
  };
  const codeAddress = (target: U64): U64 | undefined => {
    const symbol = named.get(target);
    if (symbol === undefined) return undefined;
    const stub = stubs.offsetOf(symbol);
    return stub === undefined ? calleeOf(symbol) : CODE_BASE + BigInt(stub);
  };
  const addressOf = ({ kind, target, segment, field }: Reference): U64 | undefined => {
    if (segment === 'fs' || field.size === 0) return undefined;
    if (segment === 'gs') return data.addressOf(target);
    if (kind === 'branch') return ownAddress(target) ?? codeAddress(target);
    if (kind === 'memory') return ownAddress(target) ?? data.addressOf(target);
    if (constants.has(target)) return target;
    const found = ownAddress(target) ?? codeAddress(target) ?? data.addressOf(target);
    return found ?? (target < KERNEL_HALF ? target : undefined);
  };

  for (const { address, offset, code, references } of functions) {
    for (const reference of references) {
      const isOwn = reference.isRelative && isInside({ address, code }, reference.target);
      if (isOwn && reference.segment === undefined) continue;
      const wanted = addressOf(reference);
      const from = CODE_BASE + BigInt(offset + reference.end);
      const value = wanted === undefined ? undefined : reference.isRelative ? wanted - from : wanted;
      const isPut =
        value !== undefined && put(view, offset + reference.field.at, reference.field.size, value);
      if (!isPut) unknown.add(unknownText(reference, offset));
    }
  }
  if (unknown.size > 0) return { kind: 'unknown', what: [...unknown] };
  return { kind: 'image', code: stubs.append(image), data: data.bytes };
}

const isInside = ({ address, code }: Pick<PlacedFunction, 'address' | 'code'>, target: U64): boolean =>
  target >= address && target < address + BigInt(code.length);

/** False if it does not fit. */
function put(view: DataView, at: number, size: number, value: bigint): boolean {
  if (size === 8) {
    view.setBigUint64(at, u64(value), true);
    return true;
  }
  if (size !== 4 || value !== BigInt.asIntN(32, value)) return false;
  view.setInt32(at, Number(value), true);
  return true;
}

const WORDS = { branch: 'code', memory: 'memory', constant: 'the address' } as const;

function unknownText({ kind, target, segment, field, at }: Reference, offset: number): string {
  const where = `at image+${hex(offset + at)}`;
  if (field.size === 0) return `${segment}: memory by a register ${where}`;
  return `${segment === undefined ? `${WORDS[kind]} ` : `${segment}:`}${hex(target)} ${where}`;
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
