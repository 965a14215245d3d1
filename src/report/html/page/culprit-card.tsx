/** The instruction at fault, in BPF and in native code. */
import type { PageCulprit } from '../page-data.ts';
import type { Syntax } from './syntax.tsx';

interface CulpritCardProps {
  readonly culprit: PageCulprit;
  readonly syntax: Syntax;
}

export function CulpritCard({ culprit, syntax }: CulpritCardProps) {
  const { pc, insn, offset, native } = culprit;
  return (
    <section class="card culprit-card" aria-labelledby="culprit">
      <h2 id="culprit">Instruction at fault</h2>
      {insn !== null && (
        <p class="insn">
          <span class="pc">{pc}</span>
          <code class="at-fault">{insn}</code>
        </p>
      )}
      {culprit.subprog !== null && <p class="place">{placeOf(culprit)}</p>}
      <pre class="native">
        {native.slice(0, MAX_NATIVE).map(([at, att, intel]) => (
          <span key={at} class={at === offset ? 'guilty' : ''}>
            <span class="offset">{at.toString(16)}</span>
            {`${syntax === 'att' ? att : intel}\n`}
          </span>
        ))}
        {native.length > MAX_NATIVE && `… and ${native.length - MAX_NATIVE} more`}
      </pre>
    </section>
  );
}

const MAX_NATIVE = 10;

function placeOf({ pc, stage, subprog }: PageCulprit): string {
  switch (stage) {
    case 'prologue':
      return pc === null
        ? `The prologue of ${subprog}`
        : `It shows in the prologue of ${subprog}, which this calls`;
    case 'trampoline':
      return 'The trampoline that native code calls';
    case 'epilogue':
      return `The epilogue of ${subprog}`;
    case 'call':
      return `The call sequence, in ${subprog}`;
    default:
      return `In ${subprog}`;
  }
}
