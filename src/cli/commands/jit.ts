/** `bpf-oracle jit <file>` */
import { type Command, Option } from 'commander';
import type { Syntax } from '../../x86/disasm.ts';
import type { Context } from '../context.ts';
import { addJitOptions, addReadOptions, type JitChoice, type ReadOptions } from '../options.ts';
import { writeFile } from '../write-file.ts';

type JitCommandOptions = ReadOptions &
  JitChoice & { readonly syntax: Syntax; readonly hex?: boolean; readonly bin?: string };

export function addJit(program: Command, context: Context): void {
  const command = program
    .command('jit')
    .description('compile a program and print each BPF instruction with its native code')
    .argument('<file>', 'as for check');
  addReadOptions(command);
  addJitOptions(command);
  command
    .addOption(
      new Option('--syntax <name>', 'how native code is written').choices(['att', 'intel']).default('att'),
    )
    .option('--hex', 'print the bare image in hex instead')
    .option('--bin <file>', 'write the bare image to a file instead')
    .action((file: string, options: JitCommandOptions) => jit(file, options, context));
}

async function jit(file: string, options: JitCommandOptions, { io }: Context): Promise<void> {
  const { loadFile } = await import('../load-file.ts');
  const { compilerOf } = await import('../jit-choice.ts');
  const { toFileForm } = await import('../../bpf/stack-arg-form.ts');
  const { program, name } = loadFile(file, options);
  const { image, rewrites } = compilerOf(options)(program, 0);
  if (options.bin !== undefined) writeFile(options.bin, image.code);
  if (options.hex === true) io.stdout(`${Buffer.from(image.code).toString('hex')}\n`);
  if (options.bin !== undefined || options.hex === true) return;
  const { listing } = await import('../../report/listing.ts');
  const convention = options.convention ?? program.convention;
  io.stdout(`; ${name}: ${image.code.length} bytes, ${image.jit} JIT, convention ${convention}\n\n`);
  const written = { ...program, insns: toFileForm(program.insns, program.subprogs, convention) };
  io.stdout(listing(written, image, { syntax: options.syntax, rewrites }));
}
