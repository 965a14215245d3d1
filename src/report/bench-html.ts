/** Figures of `bench` as one HTML page: bars of where a case's time goes, then all tables. No script. */
import {
  BARE,
  type BareFigures,
  type BenchReport,
  isMet,
  LEAN,
  medianOf,
  type Stages,
} from './bench-report.ts';
import { benchSections, machineLine, type Section } from './bench-text.ts';

const STYLE = `
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 78rem; padding: 0 1rem; color-scheme: light dark }
table { border-collapse: collapse; margin: .5rem 0 2rem }
th, td { text-align: left; padding: .15rem .8rem .15rem 0; border-bottom: 1px solid #8884; font-variant-numeric: tabular-nums }
td:nth-child(4) { white-space: nowrap }
.missed td { font-weight: 600 }
svg { width: 100%; max-width: 62rem; height: auto; display: block; margin: 1rem 0 2rem }
svg text { font: 13px system-ui, sans-serif; fill: currentColor }
`;
const LABEL_WIDTH = 250;
const BAR_WIDTH = 520;
const ROW = 24;
const BAR_COLOUR = '#4878a8';

export function benchHtml(report: BenchReport): string {
  const charts = [
    chart('A case on unicorn, us', bars(report.stages)),
    ...(report.onSilicon === null ? [] : [chart('A case on silicon, us', bars(report.onSilicon))]),
    chart(
      'Cases a second of whole runs',
      report.fuzz.map((run) => ({ label: labelOf(run), value: run.casesPerSecond })),
    ),
    chart('Cases a second of whole runs, warm (second half or so)', [
      ...report.fuzz.map((run) => ({ label: labelOf(run), value: run.warmCasesPerSecond })),
      ...bareBars(BARE, report.bare),
      ...bareBars(LEAN, report.lean),
    ]),
  ];
  const missed = new Set(report.goals.filter((goal) => !isMet(goal)).map(({ what }) => what));
  const tables = benchSections(report).map((section) => tableOf(section, missed));
  return [
    '<!doctype html><html lang="en"><head><meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width">',
    `<title>bpf-oracle bench</title><style>${STYLE}</style></head><body>`,
    `<h1>bpf-oracle bench</h1><p>${escaped(machineLine(report))} Medians of ${report.rounds} rounds.</p>`,
    `<p><code>${escaped(report.command)}</code></p>`,
    ...charts,
    ...tables,
    '</body></html>\n',
  ].join('\n');
}

const labelOf = ({
  engine,
  lane,
  workers,
}: Record<'engine' | 'lane', string> & { workers: number }): string =>
  `${engine}, ${lane}, workers: ${workers}`;

const bareBars = (engine: string, { one, two }: BareFigures): Bar[] =>
  [one, two].map(({ median }, index) => ({
    label: labelOf({ engine, lane: 'valid', workers: index + 1 }),
    value: 1e9 / median,
  }));

interface Bar {
  readonly label: string;
  readonly value: number;
}

const bars = (stages: Stages): Bar[] =>
  Object.keys(stages).map((stage) => ({ label: stage, value: medianOf(stages, stage) / 1000 }));

function chart(title: string, values: readonly Bar[]): string {
  if (values.length === 0) return '';
  const most = Math.max(...values.map(({ value }) => value));
  const height = ROW * values.length;
  const rows = values.map(({ label, value }, i) => {
    const width = ((BAR_WIDTH * value) / most).toFixed(1);
    const y = ROW * i;
    return [
      `<text x="0" y="${y + 16}">${escaped(label)}</text>`,
      `<rect x="${LABEL_WIDTH}" y="${y + 3}" width="${width}" height="${ROW - 7}" fill="${BAR_COLOUR}"/>`,
      `<text x="${LABEL_WIDTH + Number(width) + 8}" y="${y + 16}">${value.toFixed(value < 100 ? 1 : 0)}</text>`,
    ].join('');
  });
  const label = `${title}: ${values.map((bar) => `${bar.label} ${bar.value.toFixed(1)}`).join(', ')}`;
  const box = `0 0 ${LABEL_WIDTH + BAR_WIDTH + 90} ${height}`;
  const svg = `<svg viewBox="${box}" role="img" aria-label="${escaped(label)}">${rows.join('')}</svg>`;
  return `<h2>${escaped(title)}</h2>\n${svg}`;
}

function tableOf({ title, notes = [], rows }: Section, missed: ReadonlySet<string>): string {
  const [head = [], ...body] = rows;
  const cells = (row: readonly string[], tag: string): string =>
    row.map((cell) => `<${tag}>${escaped(cell.replaceAll('`', ''))}</${tag}>`).join('');
  const lines = body.map(
    (row) => `<tr${missed.has(row[0] ?? '') ? ' class="missed"' : ''}>${cells(row, 'td')}</tr>`,
  );
  const words = notes.length === 0 ? '' : `<p>${escaped(notes.join(' '))}</p>\n`;
  return `<h2>${escaped(title)}</h2>\n${words}<table><thead><tr>${cells(head, 'th')}</tr></thead><tbody>${lines.join('')}</tbody></table>`;
}

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
const escaped = (text: string): string => text.replace(/[&<>"]/g, (char) => ENTITIES[char] ?? char);
