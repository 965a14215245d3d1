/** The side of a worker process that answers (the one that asks: worker-process.ts). Errors cross as data. */
import { OracleError } from '../core/errors.ts';
import { closeOnExec } from '../jits/posix.ts';
import type { Envelope, SentError } from './worker-process.ts';

/** By which it is asked and answers. */
const CHANNEL_FD = 3;

/**
 * Takes jobs until whoever asks lets it go or is gone. `open` gets the setup and gives what answers; what it throws
 * is the answer to every job. `inherited`: further descriptors that its own children are not to have.
 */
export function serve<Setup, Job, Answer>(
  open: (setup: Setup) => Promise<(job: Job) => Answer>,
  inherited: readonly number[] = [],
): void {
  closeOnExec([CHANNEL_FD, ...inherited]);
  process.once('disconnect', () => process.exit());
  process.once('message', (setup) => {
    const answering = open(setup as Setup);
    // Told in answer to the first job.
    answering.catch(() => undefined);
    process.on('message', (job) => void answer(answering, job as Job));
  });
}

async function answer<Job, Answer>(answering: Promise<(job: Job) => Answer>, job: Job): Promise<void> {
  let reply: Envelope<Answer>;
  try {
    reply = { kind: 'answer', answer: (await answering)(job) };
  } catch (error) {
    reply = { kind: 'failed', error: sent(error) };
  }
  // That nobody listens any more is told by `disconnect`.
  process.send?.(reply, undefined, undefined, () => undefined);
}

function sent(error: unknown): SentError {
  if (error instanceof OracleError) return { kind: error.kind, parts: error.parts };
  const told = error instanceof Error ? error : new Error(String(error));
  return { kind: 'bug', message: told.message, stack: told.stack ?? '' };
}
