/** Where the reader is, in the address: `#/`, `#/coverage`, `#/case/3`, `#/case/3/12`. Steps count from 0. */
import { useLayoutEffect, useState } from 'preact/hooks';

export type Route =
  | { readonly page: 'cases' }
  | { readonly page: 'coverage' }
  | { readonly page: 'case'; readonly row: number; readonly step: number | null };

export function parseRoute(hash: string): Route {
  if (hash === '#/coverage') return { page: 'coverage' };
  const found = /^#\/case\/(\d+)(?:\/(\d+))?$/.exec(hash);
  if (found === null) return { page: 'cases' };
  return { page: 'case', row: Number(found[1]), step: found[2] === undefined ? null : Number(found[2]) };
}

export const caseHref = (row: number): string => `#/case/${row}`;

/** The route, followed as it changes. An address that says nothing is that of the row to begin with. */
export function useRoute(opens: number | undefined): Route {
  const [hash, setHash] = useState(location.hash);
  // Before any event can come: `useEffect` waits for a frame, clicks do not.
  useLayoutEffect(() => {
    const follow = (): void => setHash(location.hash);
    addEventListener('hashchange', follow);
    return () => removeEventListener('hashchange', follow);
  }, []);
  return parseRoute(hash === '' && opens !== undefined ? caseHref(opens) : hash);
}

/** Goes there, as a link would. */
export function goTo(href: string): void {
  location.hash = href;
}

let noted: ReturnType<typeof setTimeout> | undefined;

/**
 * Notes the step in the address, so that it can be shared, without a new entry of the history; once the steps
 * rest, because browsers bound how often an address may change. A reader who has gone elsewhere by then stays there.
 */
export function noteStep(row: number, step: number): void {
  const { hash } = location;
  clearTimeout(noted);
  noted = setTimeout(() => {
    if (location.hash === hash) history.replaceState(null, '', `${caseHref(row)}/${step}`);
  }, 250);
}
