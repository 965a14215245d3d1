/** The command line. One file a command in commands/; each loads what it needs when it runs. */
import { Command, CommanderError } from 'commander';
import { closeAtEnd } from './at-end.ts';
import { addBench } from './commands/bench.ts';
import { addCheck } from './commands/check.ts';
import { addCompare } from './commands/compare.ts';
import { addConformance } from './commands/conformance.ts';
import { addCost } from './commands/cost.ts';
import { addDiff } from './commands/diff.ts';
import { addDoctor } from './commands/doctor.ts';
import { addExplain } from './commands/explain.ts';
import { addExport } from './commands/export.ts';
import { addFuzz } from './commands/fuzz.ts';
import { addJit } from './commands/jit.ts';
import { addLint } from './commands/lint.ts';
import { addMerge } from './commands/merge.ts';
import { addMutants } from './commands/mutants.ts';
import { addReplay } from './commands/replay.ts';
import { addRun } from './commands/run.ts';
import type { Context } from './context.ts';
import { EXIT, type ExitCode, exitCodeOf, failureText } from './failure.ts';
import { type Io, processIo } from './io.ts';
import { runPlugin } from './plugin.ts';
import { isPluginCall } from './plugin-call.ts';
import { packageVersion } from './version.ts';

const EXIT_CODES = `
Exit codes: 0 everything that ran agrees; 1 a divergence; 2 bad usage or bad input; 3 an engine or the tool
itself failed; 4 nothing ran.`;

/** Runs one command line (without node and script) and returns its exit code. Never throws. */
export async function main(argv: readonly string[], io: Io): Promise<ExitCode> {
  const context: Context = { io, argv, debug: argv.includes('--debug'), exitCode: EXIT.ok };
  try {
    if (isPluginCall(argv)) await runPlugin(argv, io);
    else await commandLine(context).parseAsync([...argv], { from: 'user' });
    return context.exitCode;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return EXIT.ok;
    io.stderr(failureText(error, { debug: context.debug, command: argv[0] }));
    return exitCodeOf(error);
  } finally {
    closeAtEnd();
  }
}

function commandLine(context: Context): Command {
  const { io } = context;
  const program = new Command('bpf-oracle')
    .description(
      'Judges x86-64 BPF JITs: a reference interpreter and machine code under an emulator, call by call',
    )
    .version(packageVersion())
    .option('--debug', 'print a stack trace under each error')
    .configureHelp({ showGlobalOptions: true })
    .addHelpText('after', EXIT_CODES)
    .exitOverride()
    // Errors are printed once, by main.
    .configureOutput({ writeOut: (text) => io.stdout(text), writeErr: () => undefined });
  for (const add of [
    addCheck,
    addFuzz,
    addReplay,
    addExplain,
    addExport,
    addRun,
    addJit,
    addCost,
    addConformance,
    addLint,
    addCompare,
    addMutants,
    addMerge,
    addDiff,
    addBench,
    addDoctor,
  ])
    add(program, context);
  return program;
}

/**
 * Runs the process's own command line. A reader that closes the pipe early is no error; any other failure that
 * nobody awaits is told in one line too.
 */
export async function runProcess(): Promise<void> {
  const argv = process.argv.slice(2);
  const io = processIo();
  process.on('uncaughtException', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit();
    io.stderr(failureText(error, { debug: argv.includes('--debug') }));
    process.exit(EXIT.broken);
  });
  process.exitCode = await main(argv, io);
}
