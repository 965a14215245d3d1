/** One line of the listing. */
import type { ListingLine as LineData } from './listing-lines.ts';
import type { Syntax } from './syntax.tsx';

interface LineProps {
  readonly line: LineData;
  /** Among all lines, from 0. */
  readonly place: number;
  readonly syntax: Syntax;
  /** Of the instruction that runs next. */
  readonly isCurrent: boolean;
  /** The very native instruction at fault. */
  readonly isExact: boolean;
  readonly isUnrun: boolean;
  readonly onPick: (pc: number) => void;
}

export function ListingLine({ line, place, syntax, isCurrent, isExact, isUnrun, onPick }: LineProps) {
  const { pc, name, insn, native, guilty } = line;
  if (name !== undefined)
    return (
      <tr aria-rowindex={place + 1} class="name">
        <td>{name}:</td>
      </tr>
    );
  const isHead = insn !== undefined;
  const states = { head: isHead, current: isCurrent, guilty, exact: isExact, unrun: isUnrun };
  return (
    <tr
      aria-rowindex={place + 1}
      class={classesOf(states)}
      aria-current={isHead && isCurrent ? 'step' : undefined}
    >
      <td class="sign">
        {isHead && isCurrent && <Sign shape="next" />}
        {isHead && guilty && !isCurrent && <Sign shape="fault" />}
      </td>
      <td class="pc">
        {isHead && pc !== null && (
          <button type="button" tabIndex={-1} title="Go to a step that runs it" onClick={() => onPick(pc)}>
            {pc}
          </button>
        )}
      </td>
      <td class="insn">{insn}</td>
      <td class="sign">{isExact && <Sign shape="fault" />}</td>
      <td class="offset">{native?.[0].toString(16)}</td>
      <td class="native">{native?.[syntax === 'att' ? 1 : 2]}</td>
    </tr>
  );
}

const classesOf = (states: Readonly<Record<string, boolean>>): string =>
  Object.keys(states)
    .filter((name) => states[name])
    .join(' ');

const SIGNS = { next: ['▶', 'runs next'], fault: ['✕', 'at fault'] } as const;

function Sign({ shape }: { readonly shape: keyof typeof SIGNS }) {
  const [sign, words] = SIGNS[shape];
  return (
    <>
      <span aria-hidden="true" class={shape}>
        {sign}
      </span>
      <span class="unseen">{words}</span>
    </>
  );
}
