/** What native instructions cost, as far as their bytes tell: how many, how long, how often they touch memory. */
import { type Iced, iced } from './iced.ts';

/** Of one instruction or of several. A push is a store, a pop and a `ret` a load, a call stores its return address. */
export interface Cost {
  readonly insns: number;
  readonly bytes: number;
  readonly loads: number;
  readonly stores: number;
}

/** One instruction. */
export interface InsnCost {
  /** Of its first byte in the code. */
  readonly offset: number;
  readonly cost: Cost;
}

export const NO_COST: Cost = { insns: 0, bytes: 0, loads: 0, stores: 0 };

export const addCosts = (a: Cost, b: Cost): Cost => ({
  insns: a.insns + b.insns,
  bytes: a.bytes + b.bytes,
  loads: a.loads + b.loads,
  stores: a.stores + b.stores,
});

export const timesCost = (times: number, { insns, bytes, loads, stores }: Cost): Cost => ({
  insns: times * insns,
  bytes: times * bytes,
  loads: times * loads,
  stores: times * stores,
});

export const sumCosts = (costs: readonly Cost[]): Cost => costs.reduce(addCosts, NO_COST);

/** What `a` costs more than `b`; less is negative. */
export const moreThan = (a: Cost, b: Cost): Cost => addCosts(a, timesCost(-1, b));

/** The instructions of [start, end), decoded by iced-x86: it is the bytes that count, not what emitted them. */
export function insnCosts(code: Uint8Array, start: number, end: number): InsnCost[] {
  const { Decoder, DecoderOptions, Instruction, InstructionInfoFactory } = iced();
  const decoder = new Decoder(64, code.subarray(start, end), DecoderOptions.None);
  const insn = new Instruction();
  const factory = new InstructionInfoFactory();
  const costs: InsnCost[] = [];
  try {
    while (decoder.canDecode) {
      const offset = start + decoder.position;
      decoder.decodeOut(insn);
      costs.push({ offset, cost: { insns: 1, bytes: insn.length, ...accesses(factory, insn) } });
    }
  } finally {
    factory.free();
    insn.free();
    decoder.free();
  }
  return costs;
}

type Factory = InstanceType<Iced['InstructionInfoFactory']>;
type Decoded = InstanceType<Iced['Instruction']>;

function accesses(factory: Factory, insn: Decoded): { loads: number; stores: number } {
  const { OpAccess } = iced();
  const { Read, CondRead, Write, CondWrite, ReadWrite, ReadCondWrite } = OpAccess;
  const info = factory.info(insn);
  const kinds = info.usedMemory().map((used) => {
    const { access } = used;
    used.free();
    return access;
  });
  info.free();
  const count = (...wanted: number[]) => kinds.filter((kind) => wanted.includes(kind)).length;
  return {
    loads: count(Read, CondRead, ReadWrite, ReadCondWrite),
    stores: count(Write, CondWrite, ReadWrite, ReadCondWrite),
  };
}
