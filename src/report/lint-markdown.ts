/** The linter's rules as a document (docs/LINT.md), from their data and words. */
import { EXAMPLES, type Example } from '../lint/examples.ts';
import { RULES, type Rule, type RuleScope } from '../lint/rules.ts';
import { lintRule } from './lint-rules.ts';
import { code, markdownTable } from './markdown.ts';

const INTRODUCTION = `# The linter's rules

\`bpf-oracle lint\` says of a program what Linux's verifier would: of its stack arguments, and of what a verdict needs
besides. This page is made by \`bpf-oracle lint --rules\`, from the data the linter works with.

Every path is looked at, by a data flow over basic blocks, through calls: what a function is passed, writes through
pointers and returns is known at its callers. \`%d\`, \`%u\`, \`%s\` stand for what was found.

- **contract**: the rules of stack arguments. A program that breaks one is refused by \`check\`, \`conformance\` and
  \`replay\` before it is judged (exit code 2), unless \`--no-lint\` says otherwise: what it does says nothing of a JIT.
- **general**: what a program needs to be one that Linux loads. \`check\` does not ask for them: runs of programs that
  break them end where they do something undefined.

What goes beyond Linux: a store to the stack through a pointer whose distance to r10 varies counts as writing
anything, so does what a helper or kfunc does with a pointer. What falls short of it: values are numbers, pointers or
unknown; that two branches hang together is not seen, so that a register that one branch sets and another one, taken
in the same case, reads counts as unset; sizes of map values and packets are not known. Nor are references, packet
pointers and dynptrs told from other pointers: in the slots of stack arguments that makes no difference, as any call
empties them; in registers and on the stack what is released or stale stays a pointer here.

Objects are linted program by program; maps are let through, though no machine here has them.`;

const SCOPES: readonly RuleScope[] = ['contract', 'general'];

/** With a newline at its end. */
export function rulesMarkdown(): string {
  const scopes = SCOPES.map((scope) => RULES.filter((rule) => rule.scope === scope));
  return `${[INTRODUCTION, ...scopes.map(tableOf), ...RULES.map(sectionOf)].join('\n\n')}\n`;
}

function tableOf(rules: readonly Rule[]): string {
  const rows = rules.map(({ id, message, source }) => [`[${id}](#${id})`, code(message), source]);
  return [`## ${rules[0]?.scope}`, '', ...markdownTable([['rule', 'message', 'source'], ...rows])].join('\n');
}

function sectionOf({ id }: Rule): string {
  const { title, text } = lintRule(id);
  return [`### ${id}`, '', `${title}. ${text}`, '', ...exampleLines(EXAMPLES[id])].join('\n');
}

function exampleLines(example: Example | null): string[] {
  if (example === null) return ['Only bytes, or what BTF says, can break it.'];
  const { text, options = {} } = example;
  const given = [
    ...(options.noJit ? ['--no-jit'] : []),
    ...(options.privateStack ? ['--private-stack'] : []),
  ];
  const head = given.length === 0 ? [] : [`With ${given.map(code).join(', ')}:`, ''];
  return [...head, '```', text.trimEnd(), '```'];
}
