/** HTML reports of JITs with a bug, for tests in a browser. */
import { pageAssets } from '../../src/cli/page-assets.ts';
import { type CaseResult, skipped } from '../../src/oracle/case.ts';
import type { Explained } from '../../src/oracle/explained.ts';
import type { CaseSource } from '../../src/report/explain/explanation.ts';
import { explainHtml, htmlReport } from '../../src/report/html/html.ts';
import { explainMutant, programOf } from './mutated-checker.ts';

export interface Told {
  readonly result: CaseResult;
  readonly explained: Explained | null;
}

/** A report of `check`, as a document. */
export const reportOf = (cases: readonly Told[]): string =>
  htmlReport(
    {
      kind: 'cases',
      command: 'check',
      results: cases.map(({ result }) => result),
      explained: cases.map(({ explained }) => explained),
    },
    { version: '1.2.3', page: pageAssets() },
  );

/** The report of `explain`. */
export function explainedDocument({ result, explained }: Told, source: CaseSource): string {
  if (explained === null) throw new Error('not explained');
  return explainHtml({ ...explained, result }, source, { version: '1.2.3', page: pageAssets() });
}

const CALLS = programOf(
  `
  r6 = 1
  r0 = 0
again:
  r6 += 1
  r0 += r6
  *(u64 *)(r10 - 8) = r0
  if r6 != 5 goto again
  *(u64 *)(r11 - 8) = 6
  *(u64 *)(r11 - 16) = 7
  *(u64 *)(r11 - 24) = 8
  r1 = 1
  r2 = 2
  r3 = 3
  r4 = 4
  r5 = 5
  call sum
  exit
sum:
  r0 = *(u64 *)(r11 + 24)
  exit
`,
  { sum: 8 },
);

/** Arguments 7 and 8 change places at the call, the 24th step. */
export function swapped(name: string): Told {
  const explained = explainMutant('swap-args-7-8-bpf', CALLS, { memory: Uint8Array.of(1, 2, 3, 4) });
  return { result: { ...explained.result, name }, explained };
}

/** A wrong prologue. */
export function misplaced(name: string): Told {
  const explained = explainMutant('fp-after-sub', programOf('*(u64 *)(r10 - 8) = 1\nr0 = 0\nexit\n'));
  return { result: { ...explained.result, name }, explained };
}

/** A case that was not run. */
export const unread = (name: string, why = 'a directory'): Told => ({
  result: skipped(name, { kind: 'file', why }),
  explained: null,
});

/** More than `steps` instructions before the difference, of which the report has the last ones. */
export function long(name: string, steps: number): Told {
  const text = `
  r6 = ${Math.ceil(steps / 5)}
  r7 = 0
again:
  r7 += r6
  *(u64 *)(r10 - 8) = r7
  r7 *= 3
  r6 -= 1
  if r6 != 0 goto again
  *(u64 *)(r11 - 8) = 6
  *(u64 *)(r11 - 16) = 7
  *(u64 *)(r11 - 24) = 8
  r1 = 1
  r2 = 2
  r3 = 3
  r4 = 4
  r5 = 5
  call sum
  exit
sum:
  r0 = *(u64 *)(r11 + 24)
  exit
`;
  const explained = explainMutant('swap-args-7-8-bpf', programOf(text, { sum: 8 }), { steps });
  return { result: { ...explained.result, name }, explained };
}
