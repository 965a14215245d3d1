/** Names of signals. */
import { constants } from 'node:os';

const NAMES = new Map(Object.entries(constants.signals).map(([name, number]) => [number, name]));

/** e.g. `SIGFPE` */
export const signalName = (signal: number): string => NAMES.get(signal) ?? `signal ${signal}`;
