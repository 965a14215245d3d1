/** What findings are about, as something that holds of a state. */
import type { State } from './state.ts';
import { may } from './value.ts';

/** Something that holds of a state. */
export type Fact =
  /** A register or outgoing slot (an index of State.values) may be one of these kinds. */
  | { readonly kind: 'value'; readonly index: number; readonly kinds: number }
  /** A store to an outgoing slot or a call has been made. */
  | { readonly kind: 'late' }
  /** Some of these bytes of the stack are not written. */
  | { readonly kind: 'unwritten'; readonly off: number; readonly size: number };

export function holds(fact: Fact, state: State): boolean {
  switch (fact.kind) {
    case 'value':
      return may(state.value(fact.index), fact.kinds);
    case 'late':
      return state.late;
    case 'unwritten':
      return !state.isWritten(fact.off, fact.size);
  }
}
