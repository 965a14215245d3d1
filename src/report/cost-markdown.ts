/** The built-in table of `cost` as a section of a Markdown document. */
import { bpfSource, nativeSource } from '../cost/call-forms.ts';
import { type CostSection, type TableReport, tableSections } from './cost-sections.ts';
import { verdictLines, verdictRows, verdicts } from './cost-verdict.ts';
import { pictureLines, pictureNotes } from './frame-picture.ts';
import { code, markdownTable, withSection } from './markdown.ts';

/** The document with the section put in: in the place of an old one, else at the end. */
export function withCostMarkdown(document: string, report: TableReport): string {
  return withSection(document, 'Layouts: four ways to pass arguments 6 to 12, and what they cost', {
    begin: '<!-- cost: made by `bpf-oracle cost --markdown`; what is changed here is lost -->',
    end: '<!-- end of cost -->',
    body: bodyOf(report),
  });
}

const SHOWN = { value: 'reg', stackArgs: 2 } as const;

function bodyOf(report: TableReport): string {
  const { compiler, flags } = report.native;
  return [
    '## Verdict on the thread',
    '',
    'Instructions around a call are those that are there for its sake and are neither a store of an argument nor the',
    '`call`. *Beyond gcc* is the whole call, held against the same call in C.',
    '',
    ...markdownTable(verdictRows(verdicts(report))),
    '',
    ...verdictLines(report).map((line) => `- ${line}`),
    '',
    '## Frames',
    '',
    'Of a function that takes eight arguments and passes eight, with 16 bytes of BPF stack, and r6 and r7 in use.',
    '',
    ...report.frames.flatMap((frame) => [
      `### ${frame.convention}`,
      '',
      '```',
      ...pictureLines(frame),
      '```',
      '',
      pictureNotes(frame),
      '',
    ]),
    '## Cost',
    '',
    'Made by `npx bpf-oracle cost --markdown docs/LAYOUTS.md`. Each call stands alone in its caller; its callee stores',
    'all arguments to memory. Under each convention every one ran on the engine and agreed with the interpreter, and',
    'each native instruction of it ran once. With two stack arguments in a register:',
    '',
    '```',
    bpfSource({ ...SHOWN, callee: 'bpf' }).trimEnd(),
    '```',
    '',
    '```c',
    nativeSource(SHOWN).trimEnd(),
    '```',
    '',
    `The C is compiled by ${compiler} with ${code(flags.join(' '))}; *storing*, with`,
    '`-maccumulate-outgoing-args` as well. A push is a store, a pop and a `ret` are loads, a `call` is a store.',
    '',
    ...tableSections(report).flatMap(sectionLines),
  ]
    .join('\n')
    .trimEnd();
}

const sectionLines = ({ title, note, rows }: CostSection): string[] => [
  `### ${title}`,
  '',
  note,
  '',
  ...markdownTable(rows),
  '',
];
