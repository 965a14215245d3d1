/** One run, step by step: listings, registers, memory and the frame of the function that runs. */
import { useMemo } from 'preact/hooks';
import type { PageCulprit, PageListing, PageTrace } from '../page-data.ts';
import { Frame } from './frame.tsx';
import { useKeys } from './keys.ts';
import { Listing } from './listing.tsx';
import { Memory, Registers } from './registers.tsx';
import { Stepper } from './stepper.tsx';
import type { Syntax } from './syntax.tsx';
import type { TraceReader } from './trace-reader.ts';

interface DebuggerProps {
  readonly trace: PageTrace;
  readonly reader: TraceReader;
  readonly listing: PageListing;
  readonly culprit: PageCulprit | null;
  readonly step: number;
  readonly onStep: (step: number) => void;
  readonly syntax: Syntax;
  readonly onSyntax: (syntax: Syntax) => void;
}

export function Debugger(props: DebuggerProps) {
  const { trace, reader, listing, culprit, step, onStep, syntax, onSyntax } = props;
  const state = useMemo(() => reader.at(step), [reader, step]);
  const ran = useMemo(() => reader.ran(), [reader]);
  const difference = useMemo(() => reader.firstDifference(), [reader]);
  const go = (to: number | undefined): void => {
    if (to !== undefined) onStep(Math.min(Math.max(to, 0), reader.steps - 1));
  };
  useKeys({
    ArrowLeft: () => go(step - 1),
    ArrowRight: () => go(step + 1),
    k: () => go(step - 1),
    j: () => go(step + 1),
    PageUp: () => go(step - PAGE_STEPS),
    PageDown: () => go(step + PAGE_STEPS),
    Home: () => go(0),
    End: () => go(reader.steps - 1),
    d: () => go(difference),
    n: () => go(reader.nextAt(state.pc, step)),
  });
  return (
    <section class="debugger" aria-label="Lock-step">
      <header>
        <Stepper
          {...{ step, difference, onStep }}
          steps={reader.steps}
          skipped={trace.skipped}
          differences={state.differences}
        />
      </header>
      <p class="unseen" aria-live="polite">
        Before instruction {state.pc}: {state.differences} differences
      </p>
      <div class="panels">
        <Listing
          {...{ listing, syntax, onSyntax, culprit, ran }}
          pc={state.pc}
          onPick={(pc) => go(reader.nextAt(pc, step))}
        />
        <div class="state">
          <div>
            <Registers trace={trace} state={state} />
            <Memory trace={trace} state={state} />
          </div>
          <Frame trace={trace} reader={reader} state={state} />
        </div>
      </div>
      <Legend />
    </section>
  );
}

const PAGE_STEPS = 10;

function Legend() {
  return (
    <p class="key">
      <span class="next">▶</span> runs next <span class="fault">✕</span> at fault <span class="dot">●</span>{' '}
      changed by the step before <span class="differs">≠</span> differs <span class="same">=</span> the same
      on both sides
    </p>
  );
}
