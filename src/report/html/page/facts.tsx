/** Names and values, side by side. */
import type { PageReport } from '../page-data.ts';

export function Facts({ facts }: Pick<PageReport, 'facts'>) {
  if (facts.length === 0) return null;
  return (
    <dl class="facts">
      {facts.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
