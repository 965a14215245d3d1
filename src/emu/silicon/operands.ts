/**
 * What an instruction does with memory, and what kind it is: to name what a signal leaves open. Decoded by
 * iced-x86, at the first fault.
 */
import type { U64 } from '../../core/u64.ts';
import { type Iced, iced } from '../../x86/iced.ts';

type Decoded = InstanceType<Iced['Instruction']>;

/** One access of memory. */
export interface Access {
  readonly address: U64;
  readonly size: number;
  readonly reads: boolean;
  readonly writes: boolean;
}

export type InsnKind =
  | 'plain'
  /** Not an instruction. */
  | 'invalid'
  /** The bytes end before it does. */
  | 'cut-off'
  /** hlt, in, out, and all that the kernel alone may do. */
  | 'privileged'
  /** `int n` */
  | 'interrupt'
  /** A jump, call or return to where a register or memory says. */
  | 'indirect';

export interface InsnFacts {
  readonly kind: InsnKind;
  readonly name: string;
  readonly length: number;
  /** Of `int n`. */
  readonly vector: number;
  /** The register of an indirect jump or call; null if its target comes from memory. */
  readonly targetReg: number | null;
  readonly accesses: readonly Access[];
}

/** GPRs by ModRM number: a register file (engine.ts). */
type Regs = ArrayLike<U64>;

/** The instruction at `rip`, whose bytes these are, on these registers. */
export function insnFacts(bytes: Uint8Array, rip: U64, regs: Regs): InsnFacts {
  const { Decoder, DecoderOptions, Instruction, Mnemonic } = iced();
  const decoder = new Decoder(64, bytes, DecoderOptions.None);
  const insn = new Instruction();
  try {
    decoder.ip = rip;
    decoder.decodeOut(insn);
    return {
      kind: kindOf(insn, decoder.lastError),
      name: (Mnemonic[insn.mnemonic] ?? '').toLowerCase(),
      length: insn.length,
      vector: insn.immediate8,
      targetReg: targetRegOf(insn),
      accesses: insn.isInvalid ? [] : accessesOf(insn, regs),
    };
  } finally {
    insn.free();
    decoder.free();
  }
}

function kindOf(insn: Decoded, error: number): InsnKind {
  const { DecoderError, FlowControl, Mnemonic } = iced();
  if (error === DecoderError.NoMoreBytes) return 'cut-off';
  if (insn.isInvalid) return 'invalid';
  if ([Mnemonic.Ud0, Mnemonic.Ud1, Mnemonic.Ud2].includes(insn.mnemonic)) return 'invalid';
  if (insn.isPrivileged) return 'privileged';
  if (insn.mnemonic === Mnemonic.Int) return 'interrupt';
  const { IndirectBranch, IndirectCall, Return } = FlowControl;
  return [IndirectBranch, IndirectCall, Return].includes(insn.flowControl) ? 'indirect' : 'plain';
}

function targetRegOf(insn: Decoded): number | null {
  const { OpKind, RegisterExt } = iced();
  if (insn.opCount === 0 || insn.op0Kind !== OpKind.Register) return null;
  return RegisterExt.isGPR64(insn.op0Register) ? RegisterExt.number(insn.op0Register) : null;
}

function accessesOf(insn: Decoded, regs: Regs): Access[] {
  const { InstructionInfoFactory, MemorySizeExt, OpAccess } = iced();
  const factory = new InstructionInfoFactory();
  const info = factory.info(insn);
  try {
    return info.usedMemory().map((used) => {
      const { access, memorySize, base, index, scale, displacement } = used;
      used.free();
      // The whole of a rep is of no known size; each of its accesses is.
      const size = MemorySizeExt.size(memorySize) || MemorySizeExt.size(insn.memorySize);
      const { Read, CondRead, Write, CondWrite, ReadWrite, ReadCondWrite } = OpAccess;
      const sum = registerValue(base, regs) + BigInt(scale) * registerValue(index, regs) + displacement;
      return {
        address: BigInt.asUintN(addressBits(base, index), sum),
        size,
        reads: [Read, CondRead, ReadWrite, ReadCondWrite].includes(access),
        writes: [Write, CondWrite, ReadWrite, ReadCondWrite].includes(access),
      };
    });
  } finally {
    info.free();
    factory.free();
  }
}

/** SDM 2A §2.1.1: with the prefix 67, addresses are computed in 32 bits. */
function addressBits(base: number, index: number): 32 | 64 {
  const { RegisterExt } = iced();
  return RegisterExt.isGPR32(base) || RegisterExt.isGPR32(index) ? 32 : 64;
}

/** Of a base or index register; 0 for none. FS and GS have base 0, as every run starts with. */
function registerValue(register: number, regs: Regs): U64 {
  const { RegisterExt } = iced();
  if (!RegisterExt.isGPR(register)) return 0n;
  const value = regs[RegisterExt.number(RegisterExt.fullRegister(register))] ?? 0n;
  return BigInt.asUintN(RegisterExt.size(register) * 8, value);
}
