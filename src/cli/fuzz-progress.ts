/** How far a fuzz has come, on standard error: one line redrawn on a terminal, a line now and then in a pipe. */
import type { CampaignState } from '../fuzz/campaign.ts';
import type { Io } from './io.ts';

/** Milliseconds between two lines. */
const REDRAW_MS = 100;
const NEW_LINE_MS = 5000;
const ERASE_LINE = '\r\x1b[K';

export class Progress {
  readonly #io: Io;
  readonly #runs: number | undefined;
  readonly #started = performance.now();
  readonly #redraws: boolean;
  #last: number;

  /** `runs`: cases there will be, if that is known. */
  constructor(io: Io, runs: number | undefined) {
    this.#io = io;
    this.#runs = runs;
    this.#redraws = io.isErrorTerminal === true;
    this.#last = this.#started;
  }

  get seconds(): number {
    return (performance.now() - this.#started) / 1000;
  }

  /** Tells the state if the last time is long enough ago. */
  show(state: CampaignState): void {
    const now = performance.now();
    if (now - this.#last < (this.#redraws ? REDRAW_MS : NEW_LINE_MS)) return;
    this.#last = now;
    const line = this.#line(state);
    this.#io.stderr(this.#redraws ? `${ERASE_LINE}${line}` : `${line}\n`);
  }

  /** Takes the line away. */
  end(): void {
    if (this.#redraws) this.#io.stderr(ERASE_LINE);
  }

  #line({ summary, opcodes, failures }: CampaignState): string {
    const { ran } = summary;
    const of = this.#runs === undefined ? '' : ` of ${this.#runs}`;
    const forms = opcodes.forms();
    const covered = forms.filter(({ count }) => count > 0).length;
    const rate = (ran / Math.max(this.seconds, 1e-3)).toFixed(0);
    return (
      `fuzz: ${ran}${of} cases, ${rate}/s, opcodes ${covered}/${forms.length}, ` +
      `${failures.length} ${failures.length === 1 ? 'failure' : 'failures'}`
    );
  }
}
