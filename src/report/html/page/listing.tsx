/** Both listings side by side: BPF on the left, on the right what each instruction became. */
import { useLayoutEffect, useMemo, useRef } from 'preact/hooks';
import type { PageCulprit, PageListing } from '../page-data.ts';
import { ListingLine } from './listing-line.tsx';
import { linesOf, widthsOf } from './listing-lines.ts';
import { Scroll } from './scroll.tsx';
import { type Syntax, SyntaxChoice } from './syntax.tsx';
import { useVisibleRows } from './visible-rows.ts';

/** As style/listing.css has it. */
const LINE_PIXELS = 22;

interface ListingProps {
  readonly listing: PageListing;
  readonly syntax: Syntax;
  readonly onSyntax: (syntax: Syntax) => void;
  readonly culprit: PageCulprit | null;
  /** The instruction that runs next; null without a trace. */
  readonly pc: number | null;
  /** Slots that ran; null without a trace. */
  readonly ran: ReadonlySet<number> | null;
  readonly onPick: (pc: number) => void;
}

export function Listing({ listing, syntax, onSyntax, culprit, pc, ran, onPick }: ListingProps) {
  const lines = useMemo(() => linesOf(listing), [listing]);
  const widths = useMemo(() => widthsOf(lines), [lines]);
  const scroller = useRef<HTMLElement>(null);
  const body = useRef<HTMLTableSectionElement>(null);
  const { first, end } = useVisibleRows(lines.length, LINE_PIXELS, body, scroller);
  const current = lines.findIndex((line) => (pc === null ? line.guilty : line.pc === pc));
  useShown(scroller, current);
  return (
    <div class="panel listing">
      <header>
        <h3 id="listing">
          Program <small>BPF, and the x86-64 it became</small>
        </h3>
        <SyntaxChoice value={syntax} onChange={onSyntax} />
      </header>
      <Scroll labelledBy="listing" class="lines" scroller={scroller}>
        <table aria-rowcount={lines.length} style={{ '--insn': widths.insn, '--native': widths.native }}>
          <tbody
            ref={body}
            style={{
              height: `${(lines.length - first) * LINE_PIXELS}px`,
              paddingTop: `${first * LINE_PIXELS}px`,
            }}
          >
            {lines.slice(first, end).map((line, i) => (
              <ListingLine
                key={first + i}
                line={line}
                place={first + i}
                syntax={syntax}
                isCurrent={pc !== null && line.pc === pc}
                isExact={line.guilty && line.native?.[0] === culprit?.offset}
                isUnrun={ran !== null && line.pc !== null && !ran.has(line.pc)}
                onPick={onPick}
              />
            ))}
          </tbody>
        </table>
      </Scroll>
    </div>
  );
}

/** Lines kept around the current one. */
const AROUND = 3;

/** Keeps a line in sight: where the list opens, and when another line becomes the one to see. */
function useShown(scroller: { readonly current: HTMLElement | null }, line: number): void {
  const isPlaced = useRef(false);
  useLayoutEffect(() => {
    if (scroller.current === null || line < 0) return;
    const { scrollTop, clientHeight } = scroller.current;
    const [top, bottom] = [(line - AROUND) * LINE_PIXELS, (line + 1 + AROUND) * LINE_PIXELS];
    const isInSight = top >= scrollTop && bottom <= scrollTop + clientHeight;
    if (!isPlaced.current || !isInSight) {
      scroller.current.scrollTop = Math.max(0, line * LINE_PIXELS - clientHeight / 3);
    }
    isPlaced.current = true;
  }, [line]);
}
