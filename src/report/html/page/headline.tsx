/** How the run ended, in a sentence, a bar and numbers. */
import type { PageReport } from '../page-data.ts';
import { Facts } from './facts.tsx';
import { Mark } from './mark.tsx';

export function Headline({ report: { title, marks, facts } }: { readonly report: PageReport }) {
  const all = marks.reduce((sum, [, , count]) => sum + count, 0);
  return (
    <section class="headline" aria-label="Summary">
      <h1>{title}</h1>
      <div class="bar" aria-hidden="true">
        {marks.map(
          ([mark, , count]) =>
            count > 0 && <span key={mark} class={mark} style={{ flexGrow: count / all }} />,
        )}
      </div>
      <ul class="counts">
        {marks.map(([mark, words, count]) => (
          <li key={mark} class={count === 0 ? 'none' : ''}>
            <Mark mark={mark} />
            <b>{count.toLocaleString('en')}</b> {words}
          </li>
        ))}
      </ul>
      <Facts facts={facts} />
    </section>
  );
}
