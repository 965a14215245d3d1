/** `bpf-oracle diff <before> <after>` */
import { type Command, Option } from 'commander';
import type { DiffOptions } from '../../report/diff/diff.ts';
import type { Context } from '../context.ts';
import { EXIT } from '../failure.ts';
import { positiveNumber } from '../options.ts';
import { Targets } from '../targets.ts';

export function addDiff(program: Command, context: Context): void {
  const targets = new Targets();
  const command = program
    .command('diff')
    .description(
      'compare two JSON reports of check, conformance, replay, fuzz or mutants; exit 1 if anything got worse',
    )
    .argument('<before>', 'what --reporter json wrote')
    .argument('<after>', 'the same, later')
    .addOption(
      new Option(
        '--slower <percent>',
        'a rate that falls by more is worse (default: rates are only shown)',
      ).argParser(positiveNumber),
    );
  targets.addOptions(command);
  command.action(async (before: string, after: string, options: DiffOptions) => {
    targets.check();
    const { diff } = await import('../../report/diff/diff.ts');
    const { readReport } = await import('../read-report.ts');
    const named = (where: string) => ({ where, document: readReport(where) });
    const report = diff(named(before), named(after), options);
    await targets.write({ kind: 'diff', diff: report }, context.io);
    context.exitCode = report.changes.some(({ effect }) => effect === 'worse') ? EXIT.diverge : EXIT.ok;
  });
}
