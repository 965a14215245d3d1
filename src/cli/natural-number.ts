/** Whole numbers from 0 on, as options have them. */
import { InvalidArgumentError } from 'commander';

/** For Option.argParser. */
export function naturalNumber(text: string): number {
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(Number(text)))
    throw new InvalidArgumentError('It must be a whole number from 0 on.');
  return Number(text);
}
