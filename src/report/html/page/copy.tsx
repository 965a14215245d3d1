/** A command with a button that copies it. */
import { useEffect, useState } from 'preact/hooks';

const SHOWN_MS = 1500;

export function Command({ does, command }: { readonly does: string; readonly command: string }) {
  const [state, setState] = useState<'idle' | 'copied' | 'failed'>('idle');
  useEffect(() => {
    if (state === 'idle') return undefined;
    const timer = setTimeout(() => setState('idle'), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [state]);
  return (
    <div class="command">
      <span class="does">{does}</span>
      <code>{command}</code>
      <button type="button" onClick={() => copy(command).then(setState)} aria-label={`Copy: ${does}`}>
        <span aria-live="polite">{WORDS[state]}</span>
      </button>
    </div>
  );
}

const WORDS = { idle: 'Copy', copied: 'Copied', failed: 'Not allowed' } as const;

/** Pages of files may have no clipboard; then a selection is copied the old way. */
async function copy(text: string): Promise<'copied' | 'failed'> {
  try {
    await navigator.clipboard.writeText(text);
    return 'copied';
  } catch {
    return copySelection(text) ? 'copied' : 'failed';
  }
}

function copySelection(text: string): boolean {
  const area = document.createElement('textarea');
  area.value = text;
  area.className = 'unseen';
  document.body.append(area);
  area.select();
  const done = document.execCommand('copy');
  area.remove();
  return done;
}
