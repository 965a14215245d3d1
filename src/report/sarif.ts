/**
 * SARIF 2.1.0 (OASIS, errata 01), as code scanning shows it. A finding that fails is a result, one that fails as
 * expected a suppressed result; what proves nothing or could not be run is a notification of the invocation,
 * since viewers show every result as an alert.
 */
import type { Location, Log, Notification, ReportingDescriptor, Result, Run, ThreadFlow } from 'sarif';
import type { Finding, FindingList, FindingPlace } from './finding.ts';
import type { ReportOptions } from './reporter.ts';
import type { Rule } from './rules.ts';

const SCHEMA = 'https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json';

/** The document as text, with a newline at its end. */
export function sarif(list: FindingList, { version }: Pick<ReportOptions, 'version'>): string {
  const log: Log = { $schema: SCHEMA, version: '2.1.0', runs: [runOf(list, version)] };
  return `${JSON.stringify(log, null, 2)}\n`;
}

function runOf({ title, findings, summary }: FindingList, version: string): Run {
  const results = findings.filter(({ status }) => status === 'fail' || status === 'known');
  const others = findings.filter(({ status }) => ['error', 'unproven', 'skip'].includes(status));
  const rules = rulesOf([...results, ...others]);
  return {
    tool: { driver: { name: 'bpf-oracle', semanticVersion: version, version, rules: rules.map(descriptor) } },
    automationDetails: { id: `${title.replaceAll(' ', '/')}/`, description: { text: wellFormed(summary) } },
    invocations: [
      {
        executionSuccessful: findings.every(({ status }) => status !== 'error'),
        toolExecutionNotifications: others.map((finding) => notification(finding, rules)),
      },
    ],
    columnKind: 'utf16CodeUnits',
    results: results.map((finding) => resultOf(finding, rules)),
  };
}

function rulesOf(findings: readonly Finding[]): Rule[] {
  const rules = findings.flatMap(({ rule }) => (rule === null ? [] : [rule]));
  return [...new Map(rules.map((rule) => [rule.id, rule])).values()];
}

const descriptor = ({ id, title, text }: Rule): ReportingDescriptor => ({
  id,
  shortDescription: { text: title },
  fullDescription: { text },
  help: { text },
});

function resultOf(finding: Finding, rules: readonly Rule[]): Result {
  const { status, name, rule, bucket, place, steps } = finding;
  return {
    ...(rule === null ? {} : { ruleId: rule.id, ruleIndex: rules.indexOf(rule) }),
    kind: 'fail',
    level: 'error',
    message: messageOf(finding),
    locations: place === null ? [] : [locationOf(place)],
    ...(bucket === null
      ? {}
      : {
          partialFingerprints: {
            'bpfOracleBucket/v1': wellFormed(bucket),
            primaryLocationLineHash: wellFormed(bucket),
          },
        }),
    ...(steps.length === 0 ? {} : { codeFlows: [{ threadFlows: [threadFlow(finding)] }] }),
    ...(status === 'known' ? { suppressions: [{ kind: 'external' }] } : {}),
    properties: { case: wellFormed(name) },
  };
}

function notification(finding: Finding, rules: readonly Rule[]): Notification {
  const { status, rule, place } = finding;
  return {
    level: status === 'error' ? 'error' : 'note',
    message: messageOf(finding),
    ...(rule === null ? {} : { descriptor: { id: rule.id, index: rules.indexOf(rule) } }),
    ...(place === null ? {} : { locations: [locationOf(place)] }),
  };
}

/** The name first: places do not tell two cases of one file apart. */
function messageOf({ name, message, detail }: Finding): { readonly text: string } {
  const head = message === '' ? name : `${name}: ${message}`;
  return { text: wellFormed([head, ...(detail.length === 0 ? [] : ['', ...detail])].join('\n')) };
}

function threadFlow({ steps, place }: Finding): ThreadFlow {
  return {
    locations: steps.map(({ text, ...at }) => ({
      location: {
        ...(place === null ? {} : locationOf({ ...place, ...at, subprog: null })),
        message: { text: wellFormed(text) },
      },
    })),
  };
}

/** Files that have no lines are shown at their first, as code scanning wants a line. */
function locationOf({ file, source, pc, subprog }: FindingPlace): Location {
  const insn = pc === null ? [] : [`insn ${pc}`];
  const names = [...(subprog === null ? [] : [wellFormed(subprog)]), ...insn];
  return {
    physicalLocation: {
      artifactLocation: { uri: uriOf(source?.file ?? file) },
      region: { startLine: source?.line ?? 1 },
    },
    ...(names.length === 0
      ? {}
      : { logicalLocations: [{ kind: 'function', fullyQualifiedName: names.join(': ') }] }),
  };
}

/** A path as a relative reference, or an absolute one as a file URI: RFC 3986, RFC 8089. */
function uriOf(path: string): string {
  const encoded = wellFormed(path).split('/').map(encodeURIComponent).join('/');
  return path.startsWith('/') ? `file://${encoded}` : encoded;
}

/** Without halves of surrogate pairs, which JSON can write but few can read. */
const wellFormed = (text: string): string => text.replace(/\p{Surrogate}/gu, '\u{fffd}');
