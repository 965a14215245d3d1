/**
 * JUnit XML, as CI systems read it: one `testsuite` with a `testcase` a finding. There is no standard; what is
 * written keeps to the schema of Jenkins (junit-10.xsd of its xunit plugin), but for the attribute `file` of a test
 * case, which GitLab shows.
 */
import { countStatuses, type Finding, type FindingList } from './finding.ts';
import { visible } from './visible.ts';

type Attributes = Readonly<Record<string, string | number | null>>;

/** The document as text, with a newline at its end. */
export function junit(list: FindingList): string {
  const { title, seconds, findings, summary } = list;
  const { fail, error, skip, unproven, known } = countStatuses(findings);
  const time = seconds === null ? null : seconds.toFixed(3);
  const counts = { name: title, tests: findings.length, failures: fail, errors: error, time };
  return `${[
    '<?xml version="1.0" encoding="UTF-8"?>',
    open('testsuites', counts),
    `  ${open('testsuite', { ...counts, skipped: skip + unproven + known })}`,
    ...findings.flatMap((finding) => testcase(finding, title)).map((part) => `    ${part}`),
    `    ${element('system-out', {}, [summary])}`,
    '  </testsuite>',
    '</testsuites>',
  ].join('\n')}\n`;
}

/** Parts that are put on a line of their own; text in them, which may go on for lines, stays as it is. */
function testcase(finding: Finding, title: string): string[] {
  const { name, place } = finding;
  const head = open('testcase', {
    name,
    classname: title.replaceAll(' ', '.'),
    file: place?.file ?? null,
  });
  const body = outcome(finding);
  return body === null ? [`${head.slice(0, -1)}/>`] : [head, `  ${body}`, '</testcase>'];
}

/** What stands in a test case; null where it passed and says nothing. */
function outcome({ status, rule, message, detail }: Finding): string | null {
  const type = rule?.id ?? null;
  switch (status) {
    case 'pass':
      return message === '' ? null : element('system-out', {}, [message]);
    case 'fail':
      return element('failure', { message, type }, detail);
    case 'error':
      return element('error', { message, type }, detail);
    case 'known':
      return element('skipped', { message: `expected failure: ${message}` }, []);
    case 'unproven':
      return element('skipped', { message: `inconclusive: ${message}` }, []);
    case 'skip':
      return element('skipped', { message }, []);
  }
}

function element(name: string, attributes: Attributes, lines: readonly string[]): string {
  const head = open(name, attributes);
  return lines.length === 0 ? `${head.slice(0, -1)}/>` : `${head}${lines.map(xmlText).join('\n')}</${name}>`;
}

/** A start tag; attributes that are null are left out. */
function open(name: string, attributes: Attributes): string {
  const text = Object.entries(attributes)
    .filter(([, value]) => value !== null)
    .map(([key, value]) => ` ${key}="${xmlText(`${value}`)}"`);
  return `<${name}${text.join('')}>`;
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
};

/** Text for an element or an attribute. Libraries leave in it what XML 1.0 §2.2 forbids; here it is made visible. */
const xmlText = (text: string): string => visible(text).replace(/[&<>"']/g, (char) => ENTITIES[char] ?? char);
