/** A command line to be copied into a shell. */

/** What needs no quotes in a POSIX shell. */
const PLAIN = /^[\w@%+=:,./-]+$/;

/** Words as one line; those that a shell would take apart stand in single quotes. */
export const shellWords = (words: readonly string[]): string =>
  words.map((word) => (PLAIN.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`)).join(' ');
