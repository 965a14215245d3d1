/**
 * One program run by a plugin of bpf_conformance, a process each: `command [memory] options…`, the program in hex
 * on standard input, r0 in hex on standard output (bpf_conformance.cc: two digits and two spaces a byte).
 */
import { spawn } from 'node:child_process';
import { basename } from 'node:path';
import { OracleError } from '../core/errors.ts';
import type { PluginAnswer } from '../oracle/plugin-verdict.ts';

export interface Plugin {
  /** Shell command; the memory follows it. */
  readonly command: string;
  /** Words after the memory. */
  readonly options: readonly string[];
  /** Milliseconds one program may take. */
  readonly deadline: number;
}

export interface PluginInput {
  readonly code: Uint8Array;
  readonly memory: Uint8Array;
}

/** More is no message. */
const MAX_OUTPUT = 0x1_0000;

/** Takes its first word for the memory, whatever it is (rbpf's examples/rbpf_plugin.rs). */
const WANTS_MEMORY = new Set(['rbpf_plugin']);

/** What a shell exits with that cannot run a command. POSIX.1-2017 XCU §2.8.2 */
const CANNOT_RUN: readonly (number | null)[] = [126, 127];

/** Asks it. What it does wrong is in the answer; throws a `usage` error if there is nothing to ask. */
export async function askPlugin(plugin: Plugin, { code, memory }: PluginInput): Promise<PluginAnswer> {
  const { command, options, deadline } = plugin;
  const isFirst = memory.length > 0 || WANTS_MEMORY.has(basename(firstWord(command)));
  const words = [...(isFirst ? [hexOf(memory)] : []), ...options];
  const ended = await runShell(command, words, { input: `${hexOf(code)}\n`, deadline });
  checkRan(command, ended);
  return answerOf(ended, deadline);
}

/** The shell's own complaint names the command; a plugin that runs may exit with the same code. */
function checkRan(command: string, { code, stderr }: Ended): void {
  const [complaint = ''] = stderr.split('\n');
  if (!CANNOT_RUN.includes(code) || !/^\S*sh: /.test(complaint) || !complaint.includes(firstWord(command)))
    return;
  const why = `it cannot be run (${complaint}); give the command of a plugin`;
  throw new OracleError('usage', { what: 'usage', where: `--plugin ${command}`, why });
}

const firstWord = (command: string): string => command.split(' ')[0] ?? '';

const hexOf = (bytes: Uint8Array): string =>
  Array.from(bytes, (byte) => `${byte.toString(16).padStart(2, '0')}  `).join('');

interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  /** Why it was ended, if it was. */
  readonly ended: 'late' | 'flood' | null;
}

interface Request {
  readonly input: string;
  readonly deadline: number;
}

/** In a process group of its own, so that what it starts ends with it. */
function runShell(command: string, words: readonly string[], { input, deadline }: Request): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn('/bin/sh', ['-c', `${command} "$@"`, 'sh', ...words], { detached: true });
    let ended: Ended['ended'] = null;
    const end = (why: Ended['ended']): void => {
      ended ??= why;
      endGroup(child.pid);
    };
    const timer = setTimeout(end, deadline, 'late');
    const [stdout, stderr] = [child.stdout, child.stderr].map((stream) => {
      const text = { text: '' };
      stream.setEncoding('latin1').on('data', (chunk: string) => {
        if (text.text.length + chunk.length > MAX_OUTPUT) end('flood');
        else text.text += chunk;
      });
      return text;
    });
    child.on('error', reject);
    child.on('exit', () => endGroup(child.pid));
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      resolve({ code, signal, ended, stdout: stdout?.text ?? '', stderr: stderr?.text ?? '' });
    });
    // One that does not read is not wrong.
    child.stdin.on('error', () => undefined);
    child.stdin.end(input);
  });
}

function endGroup(pid: number | undefined): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL');
  } catch {
    // It has ended.
  }
}

function answerOf({ code, signal, stdout, stderr, ended }: Ended, deadline: number): PluginAnswer {
  if (ended === 'late') return failed(`no answer within ${deadline / 1000} s`);
  if (ended === 'flood') return failed(`more than ${MAX_OUTPUT} bytes of output`);
  if (signal !== null) return failed(`it was ended by ${signal}`);
  const said = oneLine(stdout.trim() === '' ? stderr : stdout);
  // Shells: no such command, or one that died of a signal.
  if (CANNOT_RUN.includes(code) || (code ?? 0) > 128)
    return failed(`it ended with exit code ${code}: ${said}`);
  if (code !== 0) return { kind: 'refused', why: said === '' ? `it ended with exit code ${code}` : said };
  const [, digits] = /^\s*(?:0x)?([0-9a-f]{1,16})(?![0-9a-f])/i.exec(stdout) ?? [];
  if (digits === undefined) return failed(`it printed no number: ${JSON.stringify(oneLine(stdout))}`);
  return { kind: 'exit', r0: BigInt(`0x${digits}`) };
}

const failed = (why: string): PluginAnswer => ({ kind: 'failed', why });

const oneLine = (text: string): string => text.trim().replace(/\s+/g, ' ').slice(0, 300);
