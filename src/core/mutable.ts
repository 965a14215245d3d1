/**
 * A type while its value is made: what most values lack is put in afterwards, which takes less time than spreading
 * objects.
 */
export type Mutable<T> = { -readonly [K in keyof T]: T[K] };
