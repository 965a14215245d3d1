/** How far a fuzz has come, on standard error: one line redrawn on a terminal, a line now and then in a pipe. */
import type { CampaignState } from '../fuzz/campaign.ts';
import type { Pace } from '../report/fuzz-report.ts';
import type { Io } from './io.ts';

/** Milliseconds between two lines. */
const REDRAW_MS = 100;
const NEW_LINE_MS = 5000;
const ERASE_LINE = '\r\x1b[K';
/** Cases of the first entry of the pace; of each further one, at least twice as many as of the one before. */
const FIRST_PACE = 64;

export class Progress {
  readonly #io: Io;
  readonly #runs: number | undefined;
  readonly #started = performance.now();
  readonly #redraws: boolean;
  readonly #pace: Pace[] = [];
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

  get pace(): readonly Pace[] {
    return this.#pace;
  }

  /** Tells the state if the last time is long enough ago. */
  show(state: CampaignState): void {
    const now = performance.now();
    this.#notePace(state.summary.ran);
    if (now - this.#last < (this.#redraws ? REDRAW_MS : NEW_LINE_MS)) return;
    this.#last = now;
    const line = this.#line(state);
    this.#io.stderr(this.#redraws ? `${ERASE_LINE}${line}` : `${line}\n`);
  }

  /** Takes the line away. */
  end(): void {
    if (this.#redraws) this.#io.stderr(ERASE_LINE);
  }

  #notePace(cases: number): void {
    const last = this.#pace.at(-1)?.cases ?? FIRST_PACE / 2;
    if (cases >= 2 * last) this.#pace.push({ cases, seconds: this.seconds });
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
