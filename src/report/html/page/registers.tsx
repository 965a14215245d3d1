/** Registers at a step, and the words of memory that the run changes. */
import type { PageTrace } from '../page-data.ts';
import { CellRow, SideHeads } from './cell-row.tsx';
import { Scroll } from './scroll.tsx';
import type { StepState } from './trace-reader.ts';

interface StateProps {
  readonly trace: PageTrace;
  readonly state: StepState;
}

export function Registers({ trace: { regs }, state: { cells } }: StateProps) {
  return (
    <div class="panel registers">
      <h3 id="registers">Registers</h3>
      <Scroll labelledBy="registers">
        <table class="cells">
          <thead>
            <tr>
              <th scope="col">BPF</th>
              <th scope="col" class="place">
                x86
              </th>
              <SideHeads />
            </tr>
          </thead>
          <tbody>
            {regs.map(([cell, bpf, native]) => (
              <CellRow key={cell} cell={cells[cell]}>
                <th scope="row">{bpf}</th>
                <td class="place">{native}</td>
              </CellRow>
            ))}
          </tbody>
        </table>
      </Scroll>
    </div>
  );
}

export function Memory({ trace: { memory }, state: { cells } }: StateProps) {
  if (memory.length === 0) return null;
  return (
    <div class="panel memory">
      <h3 id="memory">
        Memory <small>words that change or differ</small>
      </h3>
      <Scroll labelledBy="memory">
        <table class="cells">
          <thead>
            <tr>
              <th scope="col">at</th>
              <SideHeads />
            </tr>
          </thead>
          <tbody>
            {memory.map(([cell, name]) => (
              <CellRow key={cell} cell={cells[cell]}>
                <th scope="row">{name}</th>
              </CellRow>
            ))}
          </tbody>
        </table>
      </Scroll>
    </div>
  );
}
