/** Signs of what cases came to: each has a shape of its own, so none is told by colour alone. */
import type { PageMark } from '../page-data.ts';
import { useWords } from './words.ts';

const SHAPES: Readonly<Record<PageMark, string>> = {
  diverge: 'M5.2 5.2l5.6 5.6M10.8 5.2l-5.6 5.6',
  expected: 'M5.2 5.2l5.6 5.6M10.8 5.2l-5.6 5.6',
  inconclusive: 'M6.1 6.2a1.9 1.9 0 1 1 2.6 1.9q-.7.4-.7 1.2M8 11.6v.01',
  skipped: 'M5 8h6',
  agree: 'M4.5 8.3l2.4 2.4 4.6-5',
};

export function Mark({ mark }: { readonly mark: PageMark }) {
  const words = useWords(mark);
  return (
    <svg class={`mark ${mark}`} viewBox="0 0 16 16" role="img" aria-label={words}>
      <title>{words}</title>
      <circle cx="8" cy="8" r="7.25" />
      <path d={SHAPES[mark]} />
    </svg>
  );
}
