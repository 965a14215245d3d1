/** `bpf-oracle doctor` */
import { type Command, Option } from 'commander';
import { DEFAULT_ENGINE } from '../../emu/engine-names.ts';
import type { Context } from '../context.ts';
import type { Diagnosis } from '../diagnosis.ts';
import { EXIT } from '../failure.ts';

export function addDoctor(program: Command, context: Context): void {
  program
    .command('doctor')
    .description('what is installed, and whether engines compute as a CPU does')
    .addOption(new Option('--reporter <name>', 'how to write it').choices(['text', 'json']).default('text'))
    .action((options: { readonly reporter: 'text' | 'json' }) => doctor(options, context));
}

async function doctor({ reporter }: { readonly reporter: 'text' | 'json' }, context: Context): Promise<void> {
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
