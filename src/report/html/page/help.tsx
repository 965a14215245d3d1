/** The keys, in a dialog. */
import { useRef } from 'preact/hooks';
import { useKeys } from './keys.ts';

const KEYS = [
  ['/', 'filter the cases'],
  ['↓ ↑', 'next, previous case of the list; Enter opens it'],
  ['] [', 'next, previous case'],
  ['Esc', 'back to all cases'],
  ['→ ← or j k', 'step forward, back'],
  ['Page Down, Page Up', 'ten steps'],
  ['Home, End', 'first, last step'],
  ['d', 'first step at which the sides differ'],
  ['n', 'next time this instruction runs'],
  ['s', 'AT&T or Intel syntax'],
  ['?', 'these keys'],
] as const;

export function Help() {
  const dialog = useRef<HTMLDialogElement>(null);
  const open = (): void => dialog.current?.showModal();
  useKeys({ '?': open });
  return (
    <>
      <button type="button" class="help" aria-label="Keys" title="Keys (?)" onClick={open}>
        ?
      </button>
      <dialog ref={dialog} aria-labelledby="keys">
        <form method="dialog">
          <h2 id="keys">Keys</h2>
          <button type="submit">Close</button>
        </form>
        <dl>
          {KEYS.map(([keys, does]) => (
            <div key={keys}>
              <dt>{keys.split(' ').map(keyCap)}</dt>
              <dd>{does}</dd>
            </div>
          ))}
        </dl>
      </dialog>
    </>
  );
}

const keyCap = (word: string) => (word === 'or' ? ' or ' : <kbd key={word}>{word.replace(',', '')}</kbd>);
