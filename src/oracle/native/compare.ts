/** What was seen around a trampoline, against what must be: place by place, word by word. */
import type { Execution, Word } from '../../core/execution.ts';
import type { NativeEvent } from '../../core/native.ts';
import type { Collector } from '../collector.ts';

export function compareNative({ native: want }: Execution, got: Execution, out: Collector): void {
  if (want === undefined) return;
  for (const [k, event] of want.entries()) {
    const seen = got.native?.[k];
    if (seen?.at !== event.at) {
      const at = seen?.at ?? null;
      out.add({ kind: 'native', at: event.at, word: null }, observed(event.at), observed(at), null);
      return;
    }
    compareWords(event, seen, out);
  }
}

function compareWords({ at, words, bytes }: NativeEvent, seen: NativeEvent, out: Collector): void {
  words.forEach((word, index) => {
    const bits = 8 * (bytes?.[index] ?? 8);
    out.addWord(
      () => ({ kind: 'native', at, word: index }),
      low(word, bits),
      low(seen.words[index], bits),
      null,
    );
  });
}

const low = (word: Word, bits: number): Word => (word === undefined ? undefined : BigInt.asUintN(bits, word));

const observed = (at: NativeEvent['at'] | null) => ({ kind: 'native', at }) as const;
