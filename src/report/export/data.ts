/** A case as a `.data` file: as fuzz saves them (fuzz/case-file.ts), with all that the case's own file said. */
import { writeDataFile } from '../../bpf/data-file.ts';
import { disassembleProgram } from '../../bpf/disasm.ts';
import { programLines } from '../../fuzz/case-file.ts';
import { asCalled } from '../../oracle/native/entry.ts';
import { visible } from '../visible.ts';
import type { ExportSubject } from './subject.ts';

/** The result it states is the file's; where that has none, the reference's r0, marked as nobody's promise. */
export function dataExport(subject: ExportSubject): string {
  const { name, program, env, expected, interpret } = subject;
  const { outcome } = interpret(program, asCalled({ program, env }, null).env);
  return writeDataFile({
    comments: [`exported from ${visible(name)}`, '', ...disassembleProgram(program).trimEnd().split('\n')],
    oracle: oracleLines(subject),
    asm: disassembleProgram(program, { dialect: 'mnemonic' }),
    memory: env.input.memory,
    result: expected ?? (outcome.kind === 'exit' ? outcome.r0 : 0n),
  });
}

function oracleLines({
  program,
  convention,
  env,
  expected,
  oracle,
}: ExportSubject): Map<string, readonly string[]> {
  return new Map<string, readonly string[]>([
    ...oracle,
    ['convention', [convention]],
    // Without this line, a .data file's helpers are those that bpf_conformance's tests call.
    ...(env.models.size === 0 ? ([['models', ['default']]] as const) : []),
    ...(expected === undefined ? ([['result', ['unstated']]] as const) : []),
    ...programLines(program),
  ]);
}
