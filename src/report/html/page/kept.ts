/** What the reader chose, kept from one report to the next where the browser allows it. */

const keyOf = (name: string): string => `bpf-oracle:${name}`;

/** The choice kept, else the first one. */
export function kept<T extends string>(name: string, options: readonly [T, ...T[]]): T {
  try {
    const text = localStorage.getItem(keyOf(name));
    return options.find((option) => option === text) ?? options[0];
  } catch {
    return options[0];
  }
}

export function keep(name: string, choice: string): void {
  try {
    localStorage.setItem(keyOf(name), choice);
  } catch {
    // Without storage the choice lasts as long as the page.
  }
}
