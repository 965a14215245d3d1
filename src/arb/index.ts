/** fast-check arbitraries for BPF: `import { bpfProgram } from 'bpf-oracle/arbitraries'`. */

export { type AccessProgram, accessProgram, lowerAccesses } from './accesses/program.ts';
export type { AccessSpec, AccessStep, Whereabouts } from './accesses/spec.ts';
export {
  type AggregateCall,
  type AggregateProgram,
  aggregateProgram,
  lowerAggregates,
} from './aggregates/program.ts';
export {
  type CallGraph,
  callGraph,
  type GraphConstraints,
  type GraphFunction,
} from './call-graph.ts';
export type { CallTarget } from './call-site.ts';
export { type CallbackProgram, callbackProgram, lowerCallbacks } from './callbacks/program.ts';
export type { CallbackFunction, CallbackRole, CallbackSpec, CallbackStep } from './callbacks/spec.ts';
export { lowerThrows, type ThrowProgram, throwProgram } from './exceptions/program.ts';
export type { ThrowFunction, ThrowSpec, ThrowStep } from './exceptions/spec.ts';
export { funcProto } from './func-proto.ts';
export { type BodyConstraints, functionBody } from './function-body.ts';
export { HOSTILE_RULES, type HostileEdit, type HostileRule, RUN_RULES } from './hostile/edit.ts';
export {
  type Hostile,
  type HostileConstraints,
  type HostileSpec,
  hostileProgram,
  hostileSpec,
  lowerHostile,
  shrinkHostile,
} from './hostile/program.ts';
export { imm } from './imm.ts';
export { type Generated, lower } from './lower.ts';
export { input, type MemoryConstraints, type MemorySpec, memory } from './memory.ts';
export { bpfProgram, type ProgramConstraints, programSpec } from './program.ts';
export type {
  ArgSource,
  ArgType,
  CalleeChoice,
  FunctionSpec,
  Incoming,
  NativeSpec,
  Place,
  ProgramSpec,
  Source,
  Stmt,
} from './spec.ts';
export {
  lowerTailCalls,
  type TailCallConstraints,
  type TailCallProgram,
  tailCallProgram,
} from './tail-calls/program.ts';
export type { IndexForm, TailCallSpec, TailFunction, TailStep } from './tail-calls/spec.ts';
export { timerProgram } from './timers/program.ts';
export {
  lowerTrampoline,
  type TrampolineProgram,
  type TrampolineSpec,
  trampolineProgram,
} from './trampoline/program.ts';
export { word } from './word.ts';
