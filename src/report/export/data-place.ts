/** Which constants of a program are addresses of its data. */
import type { DataSection, Program } from '../../bpf/program.ts';

export interface DataPlace {
  readonly section: DataSection;
  /** Bytes from its first. */
  readonly offset: number;
}

/** The place a 64-bit constant is the address of: in a section, or right behind it. */
export function dataPlace({ data }: Pick<Program, 'data'>, value: bigint): DataPlace | undefined {
  const section = data.find(
    ({ address, bytes }) => value >= address && value <= address + BigInt(bytes.length),
  );
  return section === undefined ? undefined : { section, offset: Number(value - section.address) };
}

/** The first section that some instruction names. */
export function dataNamed(program: Program): DataSection | undefined {
  for (const insn of program.insns) {
    const place = insn?.kind === 'lddw' && insn.src === 0 ? dataPlace(program, insn.imm) : undefined;
    if (place !== undefined) return place.section;
  }
  return undefined;
}
