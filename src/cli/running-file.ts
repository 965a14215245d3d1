/** The note of one worker: the case it is running, in a file before the case runs. */
import { closeSync, openSync, rmSync, writeSync } from 'node:fs';
import type { Mix } from '../fuzz/lanes.ts';
import type { CasePath } from '../fuzz/path.ts';
import { runningHead, runningTail } from '../fuzz/running-case.ts';
import { type MappedFile, mapFile } from './mapped-file.ts';
import { replaceFile } from './write-file.ts';

/** Room for the path of most cases; a longer one makes the file anew. */
const FIRST_WIDTH = 64;

export class RunningFile {
  readonly #file: string;
  readonly #head: string;
  /** Characters after the head. */
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
    const text = runningTail(path, this.#width);
    if (this.#tail !== undefined && text.length === this.#width) this.#tail.write(text);
    else this.#make(text);
  }

  /** Nothing is running any more. */
  remove(): void {
    if (this.#tail === undefined) return;
    this.#tail.close();
    rmSync(this.#file, { force: true });
  }

  #make(tail: string): void {
    this.#tail?.close();
    this.#width = tail.length;
    replaceFile(this.#file, this.#head + tail);
    this.#tail = openTail(this.#file, this.#head.length, tail.length);
  }
}

/** The end of a file, of a fixed number of characters. */
interface Tail {
  write(text: string): void;
  close(): void;
}

function openTail(file: string, start: number, size: number): Tail {
  const mapped = mapFile(file);
  return mapped === null ? writtenTail(file, start, size) : mappedTail(mapped, start);
}

function mappedTail({ bytes, close }: MappedFile, start: number): Tail {
  return {
    write: (text) => {
      for (let k = 0; k < text.length; k++) bytes[start + k] = text.charCodeAt(k);
    },
    close,
  };
}

function writtenTail(file: string, start: number, size: number): Tail {
  const fd = openSync(file, 'r+');
  const buffer = Buffer.alloc(size);
  return {
    write: (text) => {
      buffer.write(text, 'latin1');
      writeSync(fd, buffer, 0, size, start);
    },
    close: () => closeSync(fd),
  };
}
