/** What lies at the addresses where a run is watched. */
import type { NativePlace } from '../core/native.ts';
import type { NativeCallee } from './native-subject.ts';

export type CallTarget =
  | { readonly kind: 'subprog'; readonly subprog: number }
  /** Where tail calls enter a program. */
  | { readonly kind: 'program'; readonly subprog: number }
  | { readonly kind: 'callee'; readonly callee: NativeCallee }
  /** In the code of a helper that calls back. */
  | { readonly kind: 'callback'; readonly at: 'next' | 'done' }
  /** The exception callback. */
  | { readonly kind: 'exception'; readonly subprog: number }
  /** A function that a trampoline calls. */
  | { readonly kind: 'native'; readonly at: NativePlace };

/** So many are looked through faster than a map of them is made. */
const FEW = 32;

export class CallTargets {
  readonly #addresses: number[] = [];
  readonly #targets: CallTarget[] = [];
  #byAddress: ReadonlyMap<number, CallTarget> | undefined;

  /** It takes the place of what was there; to be called before anything is looked for. */
  add(address: number, target: CallTarget): void {
    this.#addresses.push(address);
    this.#targets.push(target);
  }

  /** All of them, some of them twice. */
  get addresses(): readonly number[] {
    return this.#addresses;
  }

  at(address: number): CallTarget | undefined {
    const addresses = this.#addresses;
    if (addresses.length > FEW) {
      this.#byAddress ??= new Map(addresses.map((each, i) => [each, this.#targets[i] as CallTarget]));
      return this.#byAddress.get(address);
    }
    for (let i = addresses.length - 1; i >= 0; i--) if (addresses[i] === address) return this.#targets[i];
    return undefined;
  }
}
