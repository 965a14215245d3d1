/** fast-check arbitraries for BPF: `import { bpfProgram } from 'bpf-oracle/arbitraries'`. */
export { funcProto } from './func-proto.ts';
export { imm } from './imm.ts';
export { type Generated, lower } from './lower.ts';
export { bpfProgram, type ProgramConstraints, programSpec } from './program.ts';
export type { FunctionSpec, NativeSpec, ProgramSpec, Stmt } from './spec.ts';
export { word } from './word.ts';
