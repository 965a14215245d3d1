/** What of a shared object (ELF64, System V gABI) is needed to run one of its functions elsewhere. */
import { OracleError } from '../../core/errors.ts';

/** Code and the constants behind it, as they lie in memory; variables are zeros. */
export interface CodeSegments {
  readonly bytes: Uint8Array;
  /** Offsets in `bytes` by the name of each function it exports. */
  readonly functions: ReadonlyMap<string, number>;
}

const PT_LOAD = 1;
const PF_X = 1;
const PF_W = 2;
const SHT_DYNSYM = 11;
const STT_FUNC = 2;
const PHDR_BYTES = 56;
const SHDR_BYTES = 64;
const SYM_BYTES = 24;

interface Segment {
  readonly flags: number;
  readonly offset: number;
  readonly address: number;
  readonly size: number;
  /** Bytes in memory: more than in the file where zeros follow. */
  readonly memory: number;
}

/** Throws an `engine` error if the file is no such object, or has no code. */
export function codeSegmentsOf(file: Uint8Array, path: string): CodeSegments {
  try {
    const view = new DataView(file.buffer, file.byteOffset, file.length);
    const segments = segmentsOf(view);
    const code = segments.find(({ flags }) => (flags & PF_X) !== 0);
    if (code === undefined) throw new RangeError('it has no code');
    const end = Math.max(...segments.map(({ address, memory }) => address + memory));
    const bytes = new Uint8Array(end - code.address);
    for (const { flags, offset, address, size } of segments)
      if (address >= code.address && (flags & PF_W) === 0)
        bytes.set(file.subarray(offset, offset + size), address - code.address);
    const functions = exportsOf(view).map(([name, address]) => [name, address - code.address] as const);
    return { bytes, functions: new Map(functions) };
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new OracleError('engine', {
      what: 'read',
      where: path,
      why: `no x86-64 library: ${error.message}`,
    });
  }
}

function segmentsOf(view: DataView): Segment[] {
  const start = Number(view.getBigUint64(32, true));
  return Array.from({ length: view.getUint16(56, true) }, (_, k) => start + PHDR_BYTES * k)
    .filter((at) => view.getUint32(at, true) === PT_LOAD)
    .map((at) => ({
      flags: view.getUint32(at + 4, true),
      offset: Number(view.getBigUint64(at + 8, true)),
      address: Number(view.getBigUint64(at + 16, true)),
      size: Number(view.getBigUint64(at + 32, true)),
      memory: Number(view.getBigUint64(at + 40, true)),
    }));
}

/** Functions it defines, with their addresses. */
function exportsOf(view: DataView): [name: string, address: number][] {
  const start = Number(view.getBigUint64(40, true));
  const headers = Array.from({ length: view.getUint16(60, true) }, (_, k) => start + SHDR_BYTES * k);
  const table = headers.find((at) => view.getUint32(at + 4, true) === SHT_DYNSYM);
  const names = headers[table === undefined ? -1 : view.getUint32(table + 40, true)];
  if (table === undefined || names === undefined) return [];
  const [from, size] = [view.getBigUint64(table + 24, true), view.getBigUint64(table + 32, true)].map(Number);
  const strings = Number(view.getBigUint64(names + 24, true));
  return Array.from({ length: Math.floor((size ?? 0) / SYM_BYTES) }, (_, k) => (from ?? 0) + SYM_BYTES * k)
    .filter((at) => (view.getUint8(at + 4) & 0xf) === STT_FUNC && view.getUint16(at + 6, true) !== 0)
    .map((at) => [
      stringAt(view, strings + view.getUint32(at, true)),
      Number(view.getBigUint64(at + 8, true)),
    ]);
}

function stringAt(view: DataView, at: number): string {
  let end = at;
  while (view.getUint8(end) !== 0) end++;
  return Buffer.from(view.buffer, view.byteOffset + at, end - at).toString('latin1');
}
