/** One case: what differs, who is at fault, how to see it again, and the run step by step. */
import { useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { PageCase, PageRow } from '../page-data.ts';
import { Command } from './copy.tsx';
import { CulpritCard } from './culprit-card.tsx';
import { Debugger } from './debugger.tsx';
import { Differences } from './differences.tsx';
import { Facts } from './facts.tsx';
import { useKeys } from './keys.ts';
import { Listing } from './listing.tsx';
import { Mark } from './mark.tsx';
import { noteStep } from './route.ts';
import { useSyntax } from './syntax.tsx';
import { TraceReader } from './trace-reader.ts';

interface CasePageProps {
  readonly index: number;
  readonly row: PageRow;
  readonly read: PageCase;
  /** Step to begin with; null: the first at which the sides differ. */
  readonly startStep: number | null;
}

export function CasePage({ index, row, read, startStep }: CasePageProps) {
  const { culprit, commands, facts, listing, trace, note } = read;
  const [syntax, setSyntax] = useSyntax();
  const title = useRef<HTMLHeadingElement>(null);
  useLayoutEffect(() => title.current?.focus({ preventScroll: true }), [index]);
  useKeys({ s: () => setSyntax(syntax === 'att' ? 'intel' : 'att') });
  return (
    <article class="one-case">
      <h1 ref={title} tabIndex={-1}>
        <Mark mark={row.mark} />
        {row.name}
      </h1>
      <Facts facts={facts} />
      <div class="cards">
        {culprit !== null && <CulpritCard culprit={culprit} syntax={syntax} />}
        <Differences differences={read.differences} more={read.more} what={row.what} />
        <section class="card commands" aria-labelledby="again">
          <h2 id="again">Again</h2>
          {commands.map(([does, command]) => (
            <Command key={command} does={does} command={command} />
          ))}
        </section>
      </div>
      {note !== null && <p class="note">{note}</p>}
      {listing !== null &&
        (trace === null || trace.steps.length === 0 ? (
          <Listing
            {...{ listing, syntax, culprit }}
            onSyntax={setSyntax}
            pc={null}
            ran={null}
            onPick={() => undefined}
          />
        ) : (
          <Steps {...{ index, trace, listing, culprit, startStep, syntax }} onSyntax={setSyntax} />
        ))}
    </article>
  );
}

type StepsProps = Omit<Parameters<typeof Debugger>[0], 'reader' | 'step' | 'onStep'> &
  Pick<CasePageProps, 'index' | 'startStep'>;

/** Keeps the step, in the address too. */
function Steps({ index, startStep, ...rest }: StepsProps) {
  const { trace } = rest;
  const reader = useMemo(() => new TraceReader(trace), [trace]);
  const last = reader.steps - 1;
  const [step, setStep] = useState(() => Math.min(startStep ?? reader.firstDifference() ?? last, last));
  const onStep = (to: number): void => {
    setStep(to);
    noteStep(index, to);
  };
  return <Debugger {...rest} reader={reader} step={step} onStep={onStep} />;
}
