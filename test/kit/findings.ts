/** Lists of findings for tests of formats: every status, and names that formats read something into. */
import { type Finding, type FindingList, type FindingStatus, finding } from '../../src/report/finding.ts';
import { INCONCLUSIVE } from '../../src/report/rules.ts';

export const STATUSES: readonly FindingStatus[] = ['pass', 'fail', 'known', 'unproven', 'skip', 'error'];

/** Each with its name, which a failing test prints. */
export const HOSTILE: readonly (readonly [what: string, text: string])[] = [
  ['newlines', 'a\nb\r\nc\rd'],
  ['percent', '100% %0A %25 %3A'],
  ['properties', 'a:b,c=d;e::f'],
  ['a workflow command', '\n::error file=x,line=1::forged\n##[error]forged'],
  ['the end of CDATA', 'a]]>b<![CDATA[c'],
  ['markup', '</testcase><failure message="x">&amp;\'"'],
  ['a TAP directive', 'not a bug # SKIP forged \\# TODO'],
  ['TAP lines', 'x\nnot ok 2 - forged\n  ---\nBail out!\n1..99'],
  ['YAML', '"\n...\nok 99\n- !!js/function x: {a: *b}'],
  ['Markdown', '| a | `b` **c** [d](http://e) <img src=x> @f #1 ![g](h)'],
  ['controls', 'nul\0 bell\x07 esc\x1b[31mred\x1b[0m del\x7f csi\x9b'],
  ['separators', 'a\u2028b\u2029c\u0085d'],
  ['directions', 'evil\u202egpj.exe\u2066\u200b\ufeff'],
  ['lone surrogates', '\ud800a\udc00b\udfff'],
  ['noncharacters', 'a\ufffeb\uffffc\u{1fffe}'],
  ['astral', '𝒳 🐝 ü 漢字'],
  ['nothing', ''],
  ['spaces', '  a  '],
  ['a parent', '../../etc/pass wd?a#b'],
];

const rule = { ...INCONCLUSIVE, id: 'test/rule' };

/** A finding that holds a text wherever a text can be. */
export const findingOf = (status: FindingStatus, text: string): Finding =>
  finding(text, status, {
    rule: status === 'pass' ? null : rule,
    message: text,
    detail: [text, `  ${text}`],
    place: {
      file: text === '' ? 'a.o' : text,
      source: { file: text === '' ? 'a.o' : text, line: 3 },
      pc: 7,
      subprog: text,
    },
    bucket: text,
    steps: [{ text, pc: 7, source: null }],
  });

export const listOf = (...findings: readonly Finding[]): FindingList => ({
  title: 'bpf-oracle check',
  summary: `${findings.length} ran`,
  seconds: 1.5,
  findings,
});

/** One finding of each status. */
export const ofEachStatus = (text: string): FindingList =>
  listOf(...STATUSES.map((status) => findingOf(status, text)));
