/** Numbers of `bench` as text. */

/** Three digits at least, no more than needed. */
export const number = (value: number): string =>
  value >= 100 ? Math.round(value).toLocaleString('en') : value.toFixed(value >= 10 ? 1 : 2);

/** Of what takes so many nanoseconds. */
export const perSecond = (ns: number): string => number(1e9 / ns);

/** Microseconds. */
export const micro = (ns: number): string => (ns / 1000).toFixed(1);
