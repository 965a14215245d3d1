/** What of a command line decides how cases are judged, so that a report can name the command that runs one again. */

/** Options that are about all cases together, each with a value. */
const OF_ALL = ['--reporter', '--output', '--expect-failures', '--shard', '--workers'];

/** The options as they were typed, without the command, its `operands`, and what is about all cases together. */
export function judgingOptions(
  argv: readonly string[],
  { command, operands }: { readonly command: string; readonly operands: readonly string[] },
): string[] {
  const left = new Set([command, '--debug', '--', ...operands]);
  const isOfAll = (word: string): boolean => OF_ALL.some((name) => word.startsWith(`${name}=`));
  return argv.filter(
    (word, i) =>
      !left.has(word) && !OF_ALL.includes(word) && !isOfAll(word) && !OF_ALL.includes(argv[i - 1] ?? ''),
  );
}
