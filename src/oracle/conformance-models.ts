/**
 * Helpers as bpf_conformance's tests expect them. They call one: number 5, `unwind`, which gives back its
 * argument (ubpf_plugin; what uBPF does beyond that, ending the program at 0, no test relies on).
 */
import { type CalleeModel, calleeKey } from '../core/env.ts';

const unwind: CalleeModel = ({ args }) => args[0] ?? 0n;

/** For `Env.models`; every other callee keeps the default model. */
export const CONFORMANCE_MODELS: ReadonlyMap<string, CalleeModel> = new Map([
  [calleeKey({ kind: 'helper', id: 5 }), unwind],
]);
