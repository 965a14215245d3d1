/**
 * The document: one file that needs nothing else and asks for nothing. Its policy lets it load and send nothing,
 * and run and style only what stands in it here, by digest; so even markup that came in with a name could do
 * nothing. Data stands in JSON blocks that cannot end early.
 */
import { createHash } from 'node:crypto';
import type { PageCase, PageReport } from './page-data.ts';

/** What the page is drawn with: built from page/ (scripts/build-page.js). */
export interface PageAssets {
  readonly script: string;
  readonly style: string;
}

/** The document. `cases` are those rows that can be opened, by index. */
export function htmlDocument(
  report: PageReport,
  cases: ReadonlyMap<number, PageCase>,
  { script, style }: PageAssets,
): string {
  const policy = `default-src 'none'; script-src '${digest(script)}'; style-src '${digest(style)}'; base-uri 'none'; form-action 'none'`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${escapeText(policy)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeText(`bpf-oracle ${report.command}`)}</title>
<style>${style}</style>
</head>
<body>
<div id="app"></div>
<noscript>This report is drawn by a script in it; it loads nothing from anywhere.</noscript>
${block('report', report)}
<script>${script}</script>
${caseBlocks(cases).join('\n')}
</body>
</html>
`;
}

/** Characters of all cases together; a browser reads this much in a fraction of a second. */
const MAX_CASES_CHARS = 16e6;

const TOO_LARGE =
  'Its program and its steps are left out, because the report would be too large. A report of this one alone has them.';

/** Cases in their order; what no longer fits is left with what differs, who is at fault and how to see it again. */
function caseBlocks(cases: ReadonlyMap<number, PageCase>): string[] {
  let room = MAX_CASES_CHARS;
  return [...cases].map(([row, read]) => {
    const whole = block(`case-${row}`, read);
    const isLarge = whole.length > room && read.listing !== null;
    const text = isLarge
      ? block(`case-${row}`, { ...read, listing: null, trace: null, note: TOO_LARGE })
      : whole;
    room -= text.length;
    return text;
  });
}

const block = (id: string, data: unknown): string =>
  `<script type="application/json" id="${id}">${escapeJson(data)}</script>`;

/** JSON in which no markup can begin: no `</script>`, no `<!--`. */
export const escapeJson = (data: unknown): string => JSON.stringify(data).replaceAll('<', '\\u003c');

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

const escapeText = (text: string): string => text.replace(/[&<>"]/g, (char) => ENTITIES[char] ?? char);

const digest = (text: string): string => `sha256-${createHash('sha256').update(text).digest('base64')}`;
