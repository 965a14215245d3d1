/** What `fuzz --lane hostile` saw, as text and as JSON. */
import { RUN_RULES } from '../arb/index.ts';
import { HOSTILE_ENDS, type HostileReport } from '../fuzz/hostile.ts';
import { jsonText } from './json-text.ts';
import { table } from './table.ts';
import { fieldName, observedText } from './words.ts';

/** Numbers of one run of the lane. */
export interface HostileRun {
  readonly seed: number;
  readonly seconds: number;
  readonly report: HostileReport;
}

/** As text, with a newline at its end. */
export function hostileText({ seed, seconds, report }: HostileRun): string {
  const rows = RUN_RULES.map((rule) => {
    const ends = report.rules.get(rule);
    return [rule, ...HOSTILE_ENDS.map((end) => `${ends?.get(end) ?? 0}`)];
  });
  const { programs, valid } = report;
  return `${[
    'programs that break a rule, by what native code does with them:',
    ...table([['rule', ...HOSTILE_ENDS], ...rows]),
    '',
    ...RUN_RULES.flatMap((rule) => exampleLines(rule, report)),
    `seed ${seed}, ${seconds.toFixed(1)} s: ${programs} programs, ${valid} of them valid after all`,
    'none of this is a bug of the JIT: these programs break their side of the contract',
  ].join('\n')}\n`;
}

function exampleLines(rule: (typeof RUN_RULES)[number], { observed }: HostileReport): string[] {
  const result = observed.get(rule);
  const first = result?.divergences[0];
  if (result === undefined || first === undefined) return [];
  const { subject, want, got } = first;
  const words = `${fieldName(subject, result)} is ${observedText(got, result)}`;
  return [`${rule}: ${result.name}: ${words}; the interpreter has ${observedText(want, result)}`];
}

/** The JSON document: schema `bpf-oracle/fuzz@1` with the lane's numbers; nothing in it is a failure. */
export function hostileJson({ seed, seconds, report }: HostileRun): string {
  const { programs, valid, rules, observed } = report;
  const counts = RUN_RULES.map((rule) => [
    rule,
    Object.fromEntries(HOSTILE_ENDS.map((end) => [end, rules.get(rule)?.get(end) ?? 0])),
  ]);
  const document = {
    schema: 'bpf-oracle/fuzz@1',
    lane: 'hostile',
    seed,
    seconds,
    casesPerSecond: Math.round(programs / Math.max(seconds, 1e-3)),
    programs,
    valid,
    rules: Object.fromEntries(counts),
    observed: [...observed].map(([rule, { name }]) => ({ rule, name })),
    failures: [],
  };
  return jsonText(document);
}
