/** Programs and what DPDK 22.11.11 made of them. */
import { describe, expect, it } from 'vitest';
import { pcMapOf } from '../../../src/jits/dpdk/pc-map.ts';
import { frameOf } from '../../../src/jits/dpdk/prologue.ts';

const bytes = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex.replaceAll(' ', ''), 'hex'));

// biome-ignore format: an instruction a group
const CASES = [
  {
    name: 'a constant',
    bpf: 'b700000005000000 9500000000000000',
    code: '48c7c005000000 c3',
    offsets: [[0, 0], [1, 7]],
    calls: [],
  },
  {
    name: 'shifts, byte order, a jump, two exits',
    bpf: 'bf16000000000000 18070000070000000000000000000000 7f76000000000000 6406000003000000 dc06000010000000 bf60000000000000 1500020000000000 b700000001000000 9500000000000000 b7000000ffffffff 9500000000000000',
    code: '4883ec10 48895c2400 4c896c2408 4889fb 41bd07000000 4987cd48d3eb4987cd c1e303 66c1cb080fb7db 4889d8 4883f8007416 48c7c001000000 488b5c24004c8b6c24084883c410c3 48c7c0ffffffff ebe8',
    offsets: [[0, 14], [1, 17], [3, 23], [4, 32], [5, 35], [6, 42], [7, 45], [8, 51], [9, 58], [10, 73], [11, 80]],
    calls: [],
  },
  {
    name: 'loads, divisions, a product, stores, a call',
    bpf: '7912000000000000 6913080000000000 b70000004d000000 3c20000000000000 2703000003000000 9f23000000000000 731af8ff00000000 db31000000000000 8500000001000000 9500000000000000',
    code: '4883ec08 48896c2400 4889e5 4883ec08 488b7700 480fb75708 48c7c04d000000 85f60f44c6744c4989d24831d2f7f64c89d2 4989c34989d24889d048c7c20300000048f7e24889c24c89d8 4885f6480f44c6741f4989c34889d04831d248f7f64c89d8 40887df8 f048015700 b800000050ffd0 4889ec488b6c24004883c408c3',
    offsets: [[0, 16], [1, 20], [2, 25], [3, 32], [4, 50], [5, 75], [6, 99], [7, 103], [8, 108], [9, 115]],
    calls: [[8, 115]],
  },
] as const;

describe('pcMapOf', () => {
  it.each(CASES)('$name', ({ bpf, code, offsets, calls }) => {
    const native = bytes(code);
    expect(pcMapOf(bytes(bpf), native, frameOf(native))).toEqual({ pcMap: offsets, callSites: calls });
  });

  it('is none where the code is another than DPDK makes', () => {
    const [constant, jumps] = CASES;
    const longer = bytes(`${constant.code}90`);
    expect(pcMapOf(bytes(constant.bpf), longer, frameOf(longer))).toBeUndefined();
    const noJump = bytes(jumps.code.replace('7416', '9090'));
    expect(pcMapOf(bytes(jumps.bpf), noJump, frameOf(noJump))).toBeUndefined();
    expect(pcMapOf(bytes('0600000000000000'), bytes('c3'), frameOf(bytes('c3')))).toBeUndefined();
  });
});
