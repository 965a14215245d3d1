/** Values of 64 bits: leading zeros step back; digits that are not the other side's stand out. */

interface ValueProps {
  /** Hex digits, dots for undefined ones; null: nobody may rely on any of it. */
  readonly hex: string | null;
  /** What the other side has, to mark the digits that differ. */
  readonly against?: string | null | undefined;
}

const DIGITS = 16;

export function Value({ hex, against }: ValueProps) {
  if (hex === null) return <Undefined />;
  const digits = hex.padStart(DIGITS, '0');
  const others = against == null ? digits : against.padStart(DIGITS, '0');
  const zeros = leading(digits, others);
  return (
    <span class="value">
      <span class="zeros">0x{digits.slice(0, zeros)}</span>
      {runs(digits.slice(zeros), others.slice(zeros)).map(([text, differs]) =>
        differs ? <b class="digit">{text}</b> : text,
      )}
    </span>
  );
}

function Undefined() {
  return (
    <span class="value undefined" title="Nobody may rely on this value">
      undefined
    </span>
  );
}

/** Zeros in front that are on both sides; the last digit is never one of them. */
function leading(digits: string, others: string): number {
  let count = 0;
  while (count < DIGITS - 1 && digits[count] === '0' && others[count] === '0') count++;
  return count;
}

/** Neighbouring digits that differ, or do not. */
function runs(digits: string, others: string): [text: string, differs: boolean][] {
  const out: [string, boolean][] = [];
  for (let i = 0; i < digits.length; i++) {
    const differs = digits[i] !== others[i];
    const before = out.at(-1);
    if (before?.[1] === differs) before[0] += digits[i];
    else out.push([digits[i] ?? '', differs]);
  }
  return out;
}
