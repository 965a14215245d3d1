/** Parts of Markdown documents: sections that can be made again in place, tables, code. */

/** A section between two marks. What somebody writes between them is lost when it is made again. */
export interface MarkedSection {
  /** Comment before it, e.g. `<!-- kill matrix: made by … -->`. */
  readonly begin: string;
  /** Comment after it. */
  readonly end: string;
  /** What stands between the two. */
  readonly body: string;
}

/** The document with the section put in: in the place of an old one, else at the end, under `title` if it is empty. */
export function withSection(document: string, title: string, { begin, end, body }: MarkedSection): string {
  const section = `${begin}\n${body}\n${end}`;
  const [from, to] = [document.indexOf(begin), document.indexOf(end)];
  if (from >= 0 && to > from) return document.slice(0, from) + section + document.slice(to + end.length);
  const before = document.trim() === '' ? `# ${title}` : document.trimEnd();
  return `${before}\n\n${section}\n`;
}

/** Lines of a table; the first row is its head. */
export function markdownTable(rows: readonly (readonly string[])[]): string[] {
  const lines = rows.map((row) => `| ${row.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`);
  const [head = '', ...body] = lines;
  return [head, `|${'---|'.repeat(rows[0]?.length ?? 0)}`, ...body];
}

export const code = (text: string): string => `\`${text}\``;
