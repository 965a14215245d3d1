/** How JSON documents are written. */

/** Indented, with a newline at the end. */
export const jsonText = (document: object): string => `${JSON.stringify(document, null, 2)}\n`;
