/** The JSON blocks of the document. */
import type { PageCase, PageReport } from '../page-data.ts';

/** Stands before the script. */
export function readReport(): PageReport {
  return JSON.parse(document.getElementById('report')?.textContent ?? 'null');
}

/** A case. Cases stand behind the script: undefined while it may still come; null where there is none. */
export function readCase(row: number): PageCase | null | undefined {
  const text = document.getElementById(`case-${row}`)?.textContent;
  if (text !== undefined) return JSON.parse(text);
  return document.readyState === 'loading' ? undefined : null;
}

/** Tells when all of the document is there: at once if it is. */
export function onComplete(act: () => void): void {
  if (document.readyState === 'loading') document.addEventListener('DOMContentLoaded', act, { once: true });
  else act();
}
