/** `bpf-oracle doctor` */
import { type Command, Option } from 'commander';
import { DEFAULT_ENGINE } from '../../emu/engine-names.ts';
import type { Context } from '../context.ts';
import type { Diagnosis } from '../diagnosis.ts';
import { EXIT } from '../failure.ts';
import { jitName } from '../options.ts';

interface DoctorOptions {
  readonly reporter: 'text' | 'json';
  readonly jit?: string;
}

export function addDoctor(program: Command, context: Context): void {
  program
    .command('doctor')
    .description(
      'what is installed, and whether engines compute as a CPU does; or whether a JIT can be judged',
    )
    .addOption(new Option('--reporter <name>', 'how to write it').choices(['text', 'json']).default('text'))
    .addOption(
      new Option('--jit <name>', 'ask this JIT instead: does it keep the image protocol?').argParser(jitName),
    )
    .action((options: DoctorOptions) =>
      options.jit === undefined ? doctor(options, context) : doctorJit(options.jit, options, context),
    );
}

async function doctorJit(jit: string, { reporter }: DoctorOptions, context: Context): Promise<void> {
  const { diagnoseJit, jitDiagnosisText } = await import('../jit-diagnosis.ts');
  const diagnosis = diagnoseJit({ jit });
  const isJson = reporter === 'json';
  context.io.stdout(isJson ? `${JSON.stringify(diagnosis, null, 2)}\n` : jitDiagnosisText(diagnosis));
  const failed = diagnosis.checks.find(({ result }) => result === 'failed') ?? diagnosis.checks[0];
  if (!diagnosis.healthy)
    context.io.stderr(
      `bpf-oracle: doctor: ${jit}: ${failed?.name}: ${failed?.detail}; see docs/IMAGE-PROTOCOL.md\n`,
    );
  const differs = diagnosis.checks.some(({ result }) => result === 'differs');
  context.exitCode = diagnosis.healthy ? (differs ? EXIT.diverge : EXIT.ok) : EXIT.broken;
}

async function doctor({ reporter }: DoctorOptions, context: Context): Promise<void> {
  const { diagnose, diagnosisText } = await import('../diagnosis.ts');
  const diagnosis = await diagnose();
  const isJson = reporter === 'json';
  context.io.stdout(isJson ? `${JSON.stringify(diagnosis, null, 2)}\n` : diagnosisText(diagnosis));
  for (const line of complaints(diagnosis)) context.io.stderr(`bpf-oracle: ${line}\n`);
  context.exitCode = diagnosis.healthy ? EXIT.ok : EXIT.broken;
}

/** One line for each engine that keeps this from being usable. */
function complaints({ engines }: Diagnosis): string[] {
  return engines.flatMap((engine) => {
    const { name, problem } = engine;
    if (problem !== null) return name === DEFAULT_ENGINE ? [problem] : [];
    const count = engine.selfTest.disagreements.length;
    const what = `self-test: ${name}: ${engine.version}`;
    return count === 0
      ? []
      : [
          `${what}: differs from the CPU in ${count} runs; use another ${engine.caps.isCpu ? 'engine' : 'libunicorn'}`,
        ];
  });
}
