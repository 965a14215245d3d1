/** One place on both sides: what changed has a dot, what differs a sign and its own value. */
import type { ComponentChildren } from 'preact';
import type { CellState } from './trace-reader.ts';
import { Value } from './value.tsx';

interface CellRowProps {
  readonly cell: CellState | undefined;
  /** Header cells of the row. */
  readonly children: ComponentChildren;
}

export function CellRow({ cell, children }: CellRowProps) {
  const classes = `${cell?.changed ? 'changed' : ''} ${cell?.differs ? 'differs' : ''}`;
  return (
    <tr class={classes.trim()}>
      {children}
      <td class="want">
        {cell?.changed && <span class="unseen">changed: </span>}
        {cell?.want === undefined ? '' : <Value hex={cell.want} against={cell.differs ? cell.got : null} />}
      </td>
      <td class="got">{cell?.want === undefined ? '' : <Native {...cell} />}</td>
    </tr>
  );
}

/** The JIT's value: a sign of equality, or a value of its own. */
function Native({ want, got, differs }: CellState) {
  if (got === undefined)
    return (
      <>
        <span class="same" aria-hidden="true">
          =
        </span>
        <span class="unseen">the same</span>
      </>
    );
  if (!differs) return got === null ? null : <span class="unrelied">{<Value hex={got} />}</span>;
  return (
    <>
      <span class="unseen">differs: </span>
      {got === null ? <span class="value">nothing there</span> : <Value hex={got} against={want} />}
    </>
  );
}

/** The heads of the columns CellRow makes. */
export function SideHeads() {
  return (
    <>
      <th scope="col">interpreter</th>
      <th scope="col">JIT</th>
    </>
  );
}
