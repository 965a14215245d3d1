/** A saved case in a fresh process: the command line's own `replay`. */
import { spawn } from 'node:child_process';
import type { Confirmation } from '../fuzz/campaign.ts';
import { EXIT } from './failure.ts';
import { COMMAND } from './own-command.ts';

/** A generated case takes milliseconds; starting Node under load takes longest. */
export const PATIENCE_MS = 60_000;

/** What Node is to run. */
export const replayCommand = (file: string, jit: string): string[] => [COMMAND, 'replay', '--jit', jit, file];

/** Runs `bpf-oracle replay <file>` with this JIT, where the file names none, and takes its exit code. */
export function confirm(file: string, jit: string): Promise<Confirmation> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, replayCommand(file, jit), {
      stdio: 'ignore',
      timeout: PATIENCE_MS,
    });
    child.on('error', () => resolve('cannot run'));
    child.on('exit', (code) => {
      if (code === EXIT.diverge) resolve('diverges');
      else resolve(code === EXIT.ok ? 'agrees' : 'cannot run');
    });
  });
}
