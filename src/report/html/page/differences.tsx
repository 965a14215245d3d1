/** What differs, in the order of comparison. */
import type { PageDifference } from '../page-data.ts';
import { Scroll } from './scroll.tsx';

interface DifferencesProps {
  readonly differences: readonly PageDifference[];
  /** Differences left out. */
  readonly more: number;
  /** Said where there is no comparison: the reason. */
  readonly what: string;
}

export function Differences({ differences, more, what }: DifferencesProps) {
  const total = differences.length + more;
  return (
    <div class="card differences">
      <h2 id="differences">
        Differences{total > 1 && <span class="total"> {total.toLocaleString('en')}</span>}
      </h2>
      {differences.length === 0 ? (
        <p>{what}</p>
      ) : (
        <Scroll labelledBy="differences">
          <table>
            <thead>
              <tr>
                <th scope="col">what</th>
                <th scope="col">interpreter</th>
                <th scope="col">JIT</th>
              </tr>
            </thead>
            <tbody>
              {differences.map(({ field, want, got }, i) => (
                <tr key={i}>
                  <th scope="row">{field}</th>
                  <td>{want}</td>
                  <td>{got}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </Scroll>
      )}
      {more > 0 && <p class="more">… and {more.toLocaleString('en')} more</p>}
    </div>
  );
}
