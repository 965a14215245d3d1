/** The command line. One file a command in commands/, loaded when it is named; each loads what it needs when it runs. */
import { Command, CommanderError } from 'commander';
import { closeAtEnd } from './at-end.ts';
import type { Context } from './context.ts';
import { EXIT, type ExitCode, exitCodeOf, failureText } from './failure.ts';
import { type Io, processIo } from './io.ts';
import { runPlugin } from './plugin.ts';
import { isPluginCall } from './plugin-call.ts';
import { packageVersion } from './version.ts';

const EXIT_CODES = `
Exit codes: 0 everything that ran agrees; 1 a divergence; 2 bad usage or bad input; 3 an engine or the tool
itself failed; 4 nothing ran.`;

type Add = (program: Command, context: Context) => void;

/** In the order of the help. */
const COMMANDS: Readonly<Record<string, () => Promise<Add>>> = {
  check: async () => (await import('./commands/check.ts')).addCheck,
  fuzz: async () => (await import('./commands/fuzz.ts')).addFuzz,
  replay: async () => (await import('./commands/replay.ts')).addReplay,
  explain: async () => (await import('./commands/explain.ts')).addExplain,
  export: async () => (await import('./commands/export.ts')).addExport,
  run: async () => (await import('./commands/run.ts')).addRun,
  jit: async () => (await import('./commands/jit.ts')).addJit,
  cost: async () => (await import('./commands/cost.ts')).addCost,
  conformance: async () => (await import('./commands/conformance.ts')).addConformance,
  lint: async () => (await import('./commands/lint.ts')).addLint,
  compare: async () => (await import('./commands/compare.ts')).addCompare,
  mutants: async () => (await import('./commands/mutants.ts')).addMutants,
  merge: async () => (await import('./commands/merge.ts')).addMerge,
  diff: async () => (await import('./commands/diff.ts')).addDiff,
  bench: async () => (await import('./commands/bench.ts')).addBench,
  doctor: async () => (await import('./commands/doctor.ts')).addDoctor,
};

/** The one that is named; all where none is, or another word, so that help and errors know of them. */
function commandsFor([first = '']: readonly string[]): (() => Promise<Add>)[] {
  const named = Object.hasOwn(COMMANDS, first) ? COMMANDS[first] : undefined;
  return named === undefined ? Object.values(COMMANDS) : [named];
}

/** Runs one command line (without node and script) and returns its exit code. Never throws. */
export async function main(argv: readonly string[], io: Io): Promise<ExitCode> {
  const context: Context = { io, argv, debug: argv.includes('--debug'), exitCode: EXIT.ok };
  try {
    if (isPluginCall(argv)) await runPlugin(argv, io);
    else await (await commandLine(context)).parseAsync([...argv], { from: 'user' });
    return context.exitCode;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return EXIT.ok;
    io.stderr(failureText(error, { debug: context.debug, command: argv[0] }));
    return exitCodeOf(error);
  } finally {
    closeAtEnd();
  }
}

async function commandLine(context: Context): Promise<Command> {
  const { io, argv } = context;
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
  const adds = await Promise.all(commandsFor(argv).map((load) => load()));
  for (const add of adds) add(program, context);
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
