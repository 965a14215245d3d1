/** What `bpftool prog dump jited` gives: raw bytes (`file`), or JSON (`--json … opcodes`), one function or several. */
import { badInput } from '../../core/errors.ts';

/** Native code of each function, or of all of them together. */
export function readJited(bytes: Uint8Array, path: string): readonly Uint8Array[] {
  const json = jsonOf(bytes);
  if (json === undefined) return [bytes];
  const functions = functionsOf(json).map((insns) =>
    Uint8Array.from(insns.flatMap((insn) => codeOf(insn, path))),
  );
  if (functions.length === 0 || functions.some(({ length }) => length === 0))
    throw badInput('read image', path, 'a function in it has no instructions');
  return functions;
}

/** Raw code is no JSON. */
function jsonOf(bytes: Uint8Array): unknown {
  if (bytes[0] !== 0x5b && bytes[0] !== 0x7b) return undefined;
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return undefined;
  }
}

/** tools/bpf/bpftool/prog.c: functions as `{name, insns}`, or the instructions of the only one. */
function functionsOf(json: unknown): unknown[][] {
  const elements = Array.isArray(json) ? json : [json];
  const named = elements.filter((each) => isRecord(each) && Array.isArray(each['insns']));
  return named.length > 0 ? named.map(({ insns }) => insns) : [elements];
}

function codeOf(insn: unknown, path: string): number[] {
  const opcodes = isRecord(insn) ? insn['opcodes'] : undefined;
  if (!Array.isArray(opcodes))
    throw badInput(
      'read image',
      path,
      'an instruction without `opcodes`; ask bpftool for them: "dump jited id N opcodes"',
    );
  return opcodes.map((text) => {
    if (typeof text === 'string' && /^0x[0-9a-f]{1,2}$/i.test(text)) return Number(text);
    throw badInput('read image', path, `${JSON.stringify(text)} is not a byte such as "0xbf"`);
  });
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null;
