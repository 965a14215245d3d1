/** `bpf-oracle doctor` */
import { type Command, Option } from 'commander';
import type { Context } from '../context.ts';
import { EXIT } from '../failure.ts';

export function addDoctor(program: Command, context: Context): void {
  program
    .command('doctor')
    .description('what is installed, and whether the emulator computes as the CPU does')
    .addOption(new Option('--reporter <name>', 'how to write it').choices(['text', 'json']).default('text'))
    .action((options: { readonly reporter: 'text' | 'json' }) => doctor(options, context));
}

async function doctor({ reporter }: { readonly reporter: 'text' | 'json' }, context: Context): Promise<void> {
  const { diagnose, diagnosisText } = await import('../diagnosis.ts');
  const diagnosis = diagnose();
  const isJson = reporter === 'json';
  context.io.stdout(isJson ? `${JSON.stringify(diagnosis, null, 2)}\n` : diagnosisText(diagnosis));
  const { problem, engine } = diagnosis;
  if (problem !== null) context.io.stderr(`bpf-oracle: ${problem}\n`);
  else if (!diagnosis.healthy) {
    const count = engine?.selfTest.disagreements.length ?? 0;
    context.io.stderr(
      `bpf-oracle: self-test: ${engine?.version}: differs from the CPU in ${count} runs; install another libunicorn\n`,
    );
  }
  context.exitCode = diagnosis.healthy ? EXIT.ok : EXIT.broken;
}
