/**
 * The public API. `check` judges one program, `Checker` many; the parts can be used alone: `load` and
 * `assemble` make programs, `interpret` and `compile` run and compile them, `openUnicorn` opens an engine.
 */
export { type Assembled, type AssembleOptions, assemble } from './bpf/asm.ts';
export { decode } from './bpf/decode.ts';
export { type DisassembleOptions, disassemble, disassembleProgram } from './bpf/disasm.ts';
export { encode } from './bpf/encode.ts';
export type { Insn, Slots } from './bpf/insn.ts';
export { type FileOptions, type LoadedFile, load } from './bpf/load.ts';
export type { Loaded } from './bpf/loaded.ts';
export {
  buildProgram,
  type Callee,
  type DataSection,
  type Program,
  type ProgramParts,
  type Subprog,
} from './bpf/program.ts';
export {
  Checker,
  type CheckerOptions,
  type CheckOptions,
  check,
  DEFAULT_INSN_LIMIT,
} from './checker.ts';
export {
  type CalleeCall,
  type CalleeModel,
  calleeKey,
  defaultModel,
  type Env,
  type FramePlacement,
  type GuestMemory,
} from './core/env.ts';
export { type ErrorKind, type ErrorParts, OracleError } from './core/errors.ts';
export type {
  AbiBreach,
  CallEvent,
  CalleeRef,
  Execution,
  Fault,
  Outcome,
  ReturnEvent,
  Trace,
  TraceEvent,
} from './core/execution.ts';
export type { CallSite, FrameShape, Image } from './core/image.ts';
export { PcMap } from './core/pc-map.ts';
export type { U64 } from './core/u64.ts';
export type { Engine } from './emu/engine.ts';
export { openSilicon } from './emu/silicon/silicon.ts';
export { openUnicorn, type UnicornOptions } from './emu/unicorn.ts';
export { openUnicornWasm, prepareUnicornWasm } from './emu/wasm/unicorn-wasm.ts';
export { type InterpretOptions, interpret, type ReferenceForm } from './interp/interpret.ts';
export { type Compiled, compile, defaultAddresses, type JitOptions } from './jit/compile.ts';
export { openDpdk } from './jits/dpdk/open.ts';
export { type ExecOptions, openExec } from './jits/exec.ts';
export type { Jit } from './jits/jit.ts';
export type { CompileInput } from './jits/request.ts';
export { type Case, type CaseResult, type Summary, summarise, type VerdictName } from './oracle/case.ts';
export { compare } from './oracle/compare.ts';
export { CONFORMANCE_MODELS } from './oracle/conformance-models.ts';
export type { Explained } from './oracle/explained.ts';
export type { Culprit, Stage } from './oracle/locate.ts';
export type { MappedRange, Policy } from './oracle/policy.ts';
export { type Machines, runCase } from './oracle/run.ts';
export type { Divergence, Observed, Place, Reason, Subject, Verdict } from './oracle/verdict.ts';
export type { JsonReport, JsonResult } from './report/check-document.ts';
export { type CaseSource, type Explanation, explanation } from './report/explain/explanation.ts';
export { REPORTERS, type ReporterName } from './report/index.ts';
