/** `bpf-oracle lint <file>...` */
import { type Command, Option } from 'commander';
import { CONVENTION_NAMES } from '../../bpf/calling.ts';
import { OracleError } from '../../core/errors.ts';
import type { Context } from '../context.ts';
import type { LintFilesOptions } from '../lint.ts';
import { addReadOptions } from '../options.ts';
import { Targets } from '../targets.ts';

interface LintCommandOptions extends LintFilesOptions {
  readonly rules?: boolean;
}

export function addLint(program: Command, context: Context): void {
  const targets = new Targets();
  const command = program
    .command('lint')
    .description("the static rules for stack arguments and for running at all, with the kernel's messages")
    .argument('[file...]', 'as for check; of an object every program, unless one is chosen');
  addReadOptions(command);
  command
    .addOption(
      new Option(
        '--convention <name>',
        "how arguments 6..12 travel (default: as the program's file says, else linux)",
      ).choices(CONVENTION_NAMES),
    )
    .option('--no-jit', 'the program will be interpreted: no stack arguments, kfuncs or callbacks')
    .option('--private-stack', 'functions get a stack of their own, through r9: no stack arguments')
    .option('--aggregates', 'kfuncs take structures of up to 16 bytes by value')
    .option('--rules', 'print the rules as Markdown');
  targets.addOptions(command);
  command.action((files: string[], options: LintCommandOptions) => lint(files, options, targets, context));
}

async function lint(
  files: readonly string[],
  options: LintCommandOptions,
  targets: Targets,
  context: Context,
): Promise<void> {
  targets.check();
  if (options.rules) {
    const { rulesMarkdown } = await import('../../report/lint-markdown.ts');
    context.io.stdout(rulesMarkdown());
    return;
  }
  if (files.length === 0)
    throw new OracleError('usage', { what: 'usage', where: 'lint', why: 'no file; name one, or --rules' });
  const { lintFiles } = await import('../lint.ts');
  const { programs, exitCode } = lintFiles(files, options, context);
  await targets.write({ kind: 'lint', lint: programs }, context.io);
  context.exitCode = exitCode;
}
