/** Which rows of a long list have to be drawn: those in view and some around them. All rows are equally high. */
import type { RefObject } from 'preact';
import { useLayoutEffect, useState } from 'preact/hooks';

export interface VisibleRows {
  readonly first: number;
  /** One after the last. */
  readonly end: number;
}

/** Drawn beyond either edge, so that scrolling shows no gaps. */
const MARGIN_ROWS = 12;
/** Drawn before the page is measured. */
const FIRST_ROWS = 40;

/**
 * Follows scrolling and sizes. `list` is the element whose first row is at its top; `scroller` scrolls it, by
 * default the window.
 */
export function useVisibleRows(
  count: number,
  rowPixels: number,
  list: RefObject<HTMLElement | null>,
  scroller?: RefObject<HTMLElement | null>,
): VisibleRows {
  const [visible, setVisible] = useState<VisibleRows>({ first: 0, end: Math.min(count, FIRST_ROWS) });
  useLayoutEffect(() => {
    const measure = (): void => {
      if (list.current === null) return;
      const view = scroller?.current?.getBoundingClientRect() ?? { top: 0, bottom: innerHeight };
      const { top } = list.current.getBoundingClientRect();
      const first = clamp(Math.floor((view.top - top) / rowPixels) - MARGIN_ROWS, 0, count);
      const end = clamp(Math.ceil((view.bottom - top) / rowPixels) + MARGIN_ROWS, first, count);
      setVisible((before) => (before.first === first && before.end === end ? before : { first, end }));
    };
    measure();
    const target = scroller?.current ?? window;
    target.addEventListener('scroll', measure, { passive: true });
    const observer = new ResizeObserver(measure);
    observer.observe(scroller?.current ?? document.documentElement);
    return () => {
      target.removeEventListener('scroll', measure);
      observer.disconnect();
    };
  }, [count, rowPixels, list, scroller]);
  return visible;
}

const clamp = (value: number, low: number, high: number): number => Math.min(Math.max(value, low), high);
