/** `bpf-oracle export <case or file>` */
import { type Command, Option } from 'commander';
import type { ExportForm } from '../../report/export/forms.ts';
import type { Context } from '../context.ts';
import type { ExportOptions } from '../export.ts';
import { addInputOptions, addJitOptions, addReadOptions } from '../options.ts';

/** The names of report/export/forms.ts, which is loaded only when there is something to export. */
const FORMS = Object.keys({
  data: true,
  asm: true,
  hex: true,
  'c-array': true,
  selftest: true,
  jited: true,
} satisfies Record<ExportForm, true>);

export function addExport(program: Command, context: Context): void {
  const command = program
    .command('export')
    .description('write a case in another form: for other tools, for a report of a bug, for the kernel')
    .argument('<file>', 'a saved case, or a file as for check')
    .addOption(new Option('--to <form>', 'the form').choices(FORMS).makeOptionMandatory())
    .option('--output <file>', 'where to write it (default: standard output)');
  addReadOptions(command);
  addInputOptions(command);
  addJitOptions(command);
  command.action(async (file: string, options: ExportOptions) => {
    const { exportCase } = await import('../export.ts');
    exportCase(file, options, context);
  });
}
