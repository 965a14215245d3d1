/** What native code refers to outside itself, found by decoding it from its first byte to its last. */
import { badInput } from '../../core/errors.ts';
import { hex, type U64, u64 } from '../../core/u64.ts';
import { iced } from '../../x86/iced.ts';

export interface Reference {
  /** Of the instruction. */
  readonly at: number;
  /** Offset after the instruction, which relative fields count from. */
  readonly end: number;
  /** Where the field lies that holds it, and its bytes; 0 bytes: there is none, a register holds it. */
  readonly field: { readonly at: number; readonly size: number };
  readonly isRelative: boolean;
  /** branch: of a call or jump. memory: of an operand. constant: an immediate of 64 bits. */
  readonly kind: 'branch' | 'memory' | 'constant';
  readonly target: U64;
  /** The memory operand is of a segment that is not flat. */
  readonly segment?: 'gs' | 'fs';
}

/** One function at its address. Throws an `input` error where there is no instruction. */
export function referencesOf(code: Uint8Array, address: U64): Reference[] {
  const { Decoder, DecoderOptions, Instruction } = iced();
  const decoder = new Decoder(64, code, DecoderOptions.None);
  const insn = new Instruction();
  try {
    decoder.ip = address;
    const found: Reference[] = [];
    while (decoder.canDecode) {
      const at = decoder.position;
      decoder.decodeOut(insn);
      if (insn.isInvalid)
        throw badInput('read image', `${hex(address)}+${hex(at)}`, 'no instruction begins there');
      const fields = decoder.getConstantOffsets(insn);
      found.push(...ofInsn(insn, fields, at));
      fields.free();
    }
    return found;
  } finally {
    insn.free();
    decoder.free();
  }
}

type Insn = InstanceType<ReturnType<typeof iced>['Instruction']>;
type Fields = ReturnType<InstanceType<ReturnType<typeof iced>['Decoder']>['getConstantOffsets']>;

function ofInsn(insn: Insn, fields: Fields, at: number): Reference[] {
  const end = at + insn.length;
  const immediate = { at: at + fields.immediateOffset, size: fields.immediateSize };
  if (insn.nearBranchTarget !== 0n)
    return [{ at, end, kind: 'branch', field: immediate, isRelative: true, target: insn.nearBranchTarget }];
  const found = ofMemory(
    insn,
    { at: at + fields.displacementOffset, size: fields.displacementSize },
    { at, end },
  );
  if (immediate.size === 8)
    found.push({ at, end, kind: 'constant', field: immediate, isRelative: false, target: insn.immediate(1) });
  return found;
}

/** Operands at an address that the instruction alone says, and all of gs and fs. */
function ofMemory(insn: Insn, field: Reference['field'], place: Pick<Reference, 'at' | 'end'>): Reference[] {
  const { OpKind, Register } = iced();
  const hasMemory = Array.from({ length: insn.opCount }, (_, k) => insn.opKind(k)).includes(OpKind.Memory);
  if (!hasMemory) return [];
  const { memoryBase, memoryIndex, memorySegment, isIpRelMemoryOperand: isRelative } = insn;
  const segment = memorySegment === Register.GS ? 'gs' : memorySegment === Register.FS ? 'fs' : undefined;
  const isFixed = isRelative || (memoryBase === Register.None && memoryIndex === Register.None);
  if (!isFixed && segment === undefined) return [];
  const target = u64(isRelative ? insn.ipRelMemoryAddress : insn.memoryDisplacement);
  const holder = isFixed ? field : { at: field.at, size: 0 };
  return [
    {
      ...place,
      kind: 'memory',
      field: holder,
      isRelative,
      target,
      ...(segment === undefined ? {} : { segment }),
    },
  ];
}
