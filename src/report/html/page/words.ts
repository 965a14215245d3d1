/** What cases came to, in the report's own words. */
import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import type { PageMark, PageReport } from '../page-data.ts';

export type Words = ReadonlyMap<PageMark, string>;

export const WordsContext = createContext<Words>(new Map());

export const wordsOf = ({ marks }: PageReport): Words => new Map(marks.map(([mark, words]) => [mark, words]));

export const useWords = (mark: PageMark): string => useContext(WordsContext).get(mark) ?? mark;
