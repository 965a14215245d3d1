/** Text of any origin in C sources. */
import { visible } from '../visible.ts';

/** On one line, and unable to end the comment it stands in. */
export const commentText = (text: string): string =>
  visible(text).replaceAll('*/', '* /').replaceAll('/*', '/ *');

/** As the inside of a string: nothing in it ends the string or is a trigraph. */
export const stringText = (text: string): string =>
  visible(text).replace(/[\\"]/g, '\\$&').replaceAll('??', '?\\?');
