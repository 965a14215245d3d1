/** The keyboard's way through the list of cases: rows out of sight are brought there, then focused. */

/** Room at the top for what stays there while the page scrolls. */
const TOP_PIXELS = 72;

/** Index among the shown rows of the one that has the focus; -1 if none has. */
export function focusedRow(): number {
  const row = document.activeElement?.closest('tbody tr[aria-rowindex]');
  return row == null ? -1 : Number(row.getAttribute('aria-rowindex')) - 2;
}

/** Focuses the link of a row. */
export function focusRow(body: HTMLElement | null, place: number, rowPixels: number): void {
  if (body === null) return;
  const top = body.getBoundingClientRect().top + place * rowPixels;
  if (top < TOP_PIXELS) scrollBy(0, top - TOP_PIXELS);
  else if (top + rowPixels > innerHeight) scrollBy(0, top + rowPixels - innerHeight);
  const link = (): HTMLElement | null => body.querySelector(`tr[aria-rowindex="${place + 2}"] a`);
  const drawn = link();
  if (drawn !== null) drawn.focus({ preventScroll: true });
  else afterScrolling(() => link()?.focus({ preventScroll: true }));
}

/** When the list has followed the scrolling. */
const afterScrolling = (act: () => void): void => {
  requestAnimationFrame(() => requestAnimationFrame(act));
};
