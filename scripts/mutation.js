/**
 * How many mutants of src/interp and src/jit the tests of vitest.mutation.config.ts kill, by StrykerJS: some lines
 * of code are drawn by seed, and every mutant that lies on one of them is tried.
 *
 *   npm run mutation -- [--seed 1] [--lines 150] [--concurrency 2]
 *   npm run mutation -- --lines all      every mutant, those of several lines too
 *
 * Prints what survives, and the score; exits with 1 if that is below 90 %.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { parseArgs } from 'node:util';
import { Stryker } from '@stryker-mutator/core';

const WANTED = 90;
const LAYERS = ['src/interp', 'src/jit'];

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    lines: { type: 'string', default: '150' },
    concurrency: { type: 'string', default: '2' },
  },
});

/** @returns {string[]} `file:line-line` of every line that may hold code: no blank ones, comments, imports, braces */
function linesOfCode() {
  const files = LAYERS.flatMap((layer) =>
    readdirSync(layer, { recursive: true, encoding: 'utf8' }).map((name) => join(layer, name)),
  ).filter((name) => name.endsWith('.ts'));
  return files.sort().flatMap((file) =>
    readFileSync(file, 'utf8')
      .split('\n')
      .flatMap((text, i) =>
        /^\s*($|\/\/|\/?\*|import |[})\]]+[;,]?$)/.test(text) ? [] : `${file}:${i + 1}-${i + 1}`,
      ),
  );
}

/**
 * The first `count` of a shuffle that follows from `seed`: Fisher and Yates, on the generator of Numerical Recipes.
 * @param {string[]} all
 */
function drawn(all, count, seed) {
  const deck = [...all];
  let state = seed >>> 0;
  for (let i = 0; i < Math.min(count, deck.length); i++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    const k = i + Math.floor((state / 2 ** 32) * (deck.length - i));
    [deck[i], deck[k]] = [deck[k], deck[i]];
  }
  return deck.slice(0, count);
}

const whole = values.lines === 'all';
const mutate = whole
  ? LAYERS.map((layer) => `${layer}/**/*.ts`)
  : drawn(linesOfCode(), Number(values.lines), Number(values.seed));
const results = await new Stryker({
  mutate,
  concurrency: Number(values.concurrency),
}).runMutationTest();

const count = (...statuses) => results.filter(({ status }) => statuses.includes(status)).length;
const killed = count('Killed', 'Timeout');
const alive = results.filter(({ status }) => status === 'Survived' || status === 'NoCoverage');
for (const { fileName, location, mutatorName, replacement } of alive) {
  const { start, end } = location;
  const text = readFileSync(fileName, 'utf8').split('\n')[start.line - 1] ?? '';
  const was =
    start.line === end.line
      ? text.slice(start.column - 1, end.column - 1)
      : `${text.slice(start.column - 1)} …`;
  const where = `${relative('.', fileName)}:${start.line}:${start.column}`;
  console.log(`${where}: ${mutatorName}: ${was}  ->  ${(replacement ?? '').replace(/\s+/g, ' ')}`);
}
const score = (100 * killed) / (killed + alive.length);
const sample = whole ? 'all lines' : `seed ${values.seed}, ${values.lines} lines`;
console.log(
  `${killed + alive.length} mutants of ${sample}: ${killed} killed, ${alive.length} alive, ${score.toFixed(1)} %`,
);
process.exitCode = score >= WANTED ? 0 : 1;
