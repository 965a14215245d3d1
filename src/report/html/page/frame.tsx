/** The running function's frame as it lies in memory: high addresses above, one word a row, parts set apart. */
import type { PageFrame, PageSlot, PageTrace } from '../page-data.ts';
import { CellRow, SideHeads } from './cell-row.tsx';
import { Scroll } from './scroll.tsx';
import type { StepState, TraceReader } from './trace-reader.ts';

interface FrameProps {
  readonly trace: PageTrace;
  readonly reader: TraceReader;
  readonly state: StepState;
}

export function Frame({ trace, reader, state: { subprog, depth, cells } }: FrameProps) {
  const frame = trace.frames[subprog];
  const r10 = cells[reader.cell('r10') ?? -1]?.want;
  const fp = cells[reader.cell('fp') ?? -1]?.want ?? r10;
  if (frame === undefined || frame.slots.length === 0 || fp == null || r10 == null) return null;
  return (
    <div class="panel frame">
      <h3 id="frame">
        Stack frame <small>{of(frame, depth)}</small>
      </h3>
      <Scroll labelledBy="frame">
        <table class="cells">
          <thead>
            <tr>
              <th scope="col" colSpan={2} class="place">
                high addresses
              </th>
              <SideHeads />
            </tr>
          </thead>
          {partsOf(frame.slots).map(({ part, slots }) => (
            <tbody key={`${part}${slots[0]?.[0]}`} class={`part ${part}`}>
              {slots.map(([fpOffset, at, name]) =>
                fpOffset === null ? (
                  <tr key={name} class="gap">
                    <td colSpan={4}>{name}</td>
                  </tr>
                ) : (
                  <CellRow
                    key={at}
                    cell={
                      cells[reader.cell(addressCell(part === 'private-stack' ? r10 : fp, fpOffset)) ?? -1]
                    }
                  >
                    <th scope="row">{name}</th>
                    <td class="place">{at}</td>
                  </CellRow>
                ),
              )}
            </tbody>
          ))}
        </table>
      </Scroll>
    </div>
  );
}

const of = ({ name }: PageFrame, depth: number): string =>
  depth === 0 ? `of ${name}` : `of ${name}, ${depth} ${depth === 1 ? 'call' : 'calls'} deep`;

/** Name of the cell that lies `offset` bytes from fp. */
const addressCell = (fp: string, offset: number): string =>
  `@${(BigInt(`0x${fp}`) + BigInt(offset)).toString(16)}`;

interface Part {
  readonly part: string;
  readonly slots: PageSlot[];
}

/** Neighbours that belong to the same part. */
function partsOf(slots: readonly PageSlot[]): Part[] {
  const parts: Part[] = [];
  for (const slot of slots) {
    const [, , , part] = slot;
    const last = parts.at(-1);
    if (last?.part === part) last.slots.push(slot);
    else parts.push({ part, slots: [slot] });
  }
  return parts;
}
