/** Keys that work anywhere in the page, unless the reader is typing or a control wants them itself. */
import { useLayoutEffect, useRef } from 'preact/hooks';

/** What each key does, by `KeyboardEvent.key`. */
export type Keys = Readonly<Record<string, () => void>>;

/** Listens while the component is there; `keys` may change. */
export function useKeys(keys: Keys): void {
  const latest = useRef(keys);
  latest.current = keys;
  useLayoutEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      if (event.ctrlKey || event.metaKey || event.altKey || wants(event.target, event.key)) return;
      const act = Object.hasOwn(latest.current, event.key) ? latest.current[event.key] : undefined;
      if (act === undefined) return;
      event.preventDefault();
      act();
    };
    addEventListener('keydown', onKey);
    return () => removeEventListener('keydown', onKey);
  }, []);
}

/** Keys by which radio buttons and sliders are moved. */
const MOVES = /^(?:Arrow|Home|End|Page)/;

function wants(target: EventTarget | null, key: string): boolean {
  if (document.querySelector('dialog[open]') !== null) return true;
  if (!(target instanceof HTMLInputElement)) return false;
  return target.type === 'search' || target.type === 'text' || MOVES.test(key);
}
