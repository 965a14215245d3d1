/** A part of the page that scrolls by itself, by keyboard too. */
import type { ComponentChildren, RefObject } from 'preact';

interface ScrollProps {
  /** Id of its heading. */
  readonly labelledBy: string;
  readonly class?: string;
  readonly scroller?: RefObject<HTMLElement | null>;
  readonly children: ComponentChildren;
}

export function Scroll({ labelledBy, class: name = '', scroller, children }: ScrollProps) {
  return (
    <section
      class={`scroll ${name}`}
      aria-labelledby={labelledBy}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
      tabIndex={0}
      {...(scroller === undefined ? {} : { ref: scroller })}
    >
      {children}
    </section>
  );
}
