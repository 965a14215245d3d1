/** The note of one worker: the case it is running, in a file before the case runs. */
import { closeSync, openSync, rmSync, writeSync } from 'node:fs';
import type { Mix } from '../fuzz/lanes.ts';
import { type CasePath, formatPath } from '../fuzz/path.ts';
import { runningHead } from '../fuzz/running-case.ts';
import { type MappedFile, mapFile } from './mapped-file.ts';
import { replaceFile } from './write-file.ts';

/** Room for the path of most cases; a longer one makes the file anew. */
const FIRST_WIDTH = 64;
const SPACE = 0x20;

export class RunningFile {
  readonly #file: string;
  readonly #head: string;
  /** Characters of the longest path the file has room for. */
  #width = FIRST_WIDTH;
  #tail: Tail | undefined;
  #noted: CasePath | undefined;

  /** The file is made at the first note. */
  constructor(file: string, seed: number, setup: ReadonlyMap<string, readonly string[]>, mix?: Mix) {
    this.#file = file;
    this.#head = runningHead(seed, setup, mix);
  }

  /** What was noted is there even if this process is killed. */
  note(path: CasePath): void {
    if (path === this.#noted) return;
    this.#noted = path;
    const text = formatPath(path);
    if (this.#tail !== undefined && text.length <= this.#width) this.#tail.write(text);
    else this.#make(text);
  }

  /** Nothing is running any more. */
  remove(): void {
    if (this.#tail === undefined) return;
    this.#tail.close();
    rmSync(this.#file, { force: true });
  }

  #make(path: string): void {
    this.#tail?.close();
    this.#width = Math.max(FIRST_WIDTH, path.length);
    replaceFile(this.#file, `${this.#head}${path.padEnd(this.#width)}\n`);
    this.#tail = openTail(this.#file, this.#head.length, path.length);
  }
}

/** Where in the file the path stands, with spaces after it. */
interface Tail {
  write(path: string): void;
  close(): void;
}

/** `length`: of the path that is there. */
function openTail(file: string, start: number, length: number): Tail {
  const mapped = mapFile(file);
  return mapped === null ? writtenTail(file, start, length) : mappedTail(mapped, start, length);
}

function mappedTail({ bytes, close }: MappedFile, start: number, length: number): Tail {
  let written = length;
  return {
    write: (path) => {
      for (let k = 0; k < path.length; k++) bytes[start + k] = path.charCodeAt(k);
      for (let k = path.length; k < written; k++) bytes[start + k] = SPACE;
      written = path.length;
    },
    close,
  };
}

function writtenTail(file: string, start: number, length: number): Tail {
  const fd = openSync(file, 'r+');
  let written = length;
  return {
    write: (path) => {
      writeSync(fd, path.padEnd(written), start, 'latin1');
      written = path.length;
    },
    close: () => closeSync(fd),
  };
}
