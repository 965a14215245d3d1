/** The folder of saved cases: what a fuzz finds, and what its workers are running. */
import {
  closeSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmdirSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { badInput } from '../core/errors.ts';
import type { CaseFile } from '../fuzz/campaign.ts';
import type { CasePath } from '../fuzz/path.ts';
import { runningHead, runningTail } from '../fuzz/running-case.ts';
import { writeFile } from './write-file.ts';

/** `running-<process>-<worker>.data` */
const RUNNING = /^running-(\d+)-\d+\.data$/;

export class Corpus {
  readonly folder: string;
  readonly #isNew: boolean;

  /** Makes the folder if there is none. Throws an `input` error if that cannot be done. */
  constructor(folder: string) {
    this.folder = folder;
    try {
      this.#isNew = mkdirSync(folder, { recursive: true }) !== undefined;
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      throw badInput('fuzz', `--corpus ${folder}`, `${why}; name a folder that can be written`, {
        cause: error,
      });
    }
  }

  /** Its cases; those that workers of living processes are running are theirs. */
  files(): string[] {
    const names = readdirSync(this.folder).filter((name) => name.endsWith('.data'));
    const idle = names.filter((name) => !isAlive(RUNNING.exec(name)?.[1]));
    return idle.sort().map((name) => join(this.folder, name));
  }

  /** Whether a file was left by a worker that ended before its case did. */
  static isLeftover(path: string): boolean {
    return RUNNING.test(path.split(/[/\\]/).at(-1) ?? '');
  }

  /** Saves a case, whole or not at all. Gives the file's path. */
  save({ seed, path, bucket, text }: CaseFile): string {
    const slug = bucket
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, '-')
      .replace(/^-|-$/g, '');
    const file = join(this.folder, `${slug}-${seed}-${path.index}.data`);
    replaceFile(file, text);
    return file;
  }

  remove(path: string): void {
    rmSync(path, { force: true });
  }

  /** Where a worker of this process notes what it runs. */
  runningFile(worker: number): string {
    return join(this.folder, `running-${process.pid}-${worker}.data`);
  }

  /** Removes the folder again if this fuzz made it and left nothing in it. */
  tidy(): void {
    if (this.#isNew && readdirSync(this.folder).length === 0) rmdirSync(this.folder);
  }
}

function replaceFile(file: string, text: string): void {
  const draft = `${file}.tmp`;
  writeFile(draft, text);
  renameSync(draft, file);
}

/** The note of one worker: the case it is running, on disk before the case runs. */
export class RunningFile {
  readonly #file: string;
  readonly #head: string;
  #fd: number | undefined;
  /** Characters after the head that may be left of other paths. */
  #width = 0;
  #buffer = Buffer.alloc(64);

  /** The file is made at the first note. */
  constructor(file: string, seed: number, setup: ReadonlyMap<string, readonly string[]>) {
    this.#file = file;
    this.#head = runningHead(seed, setup);
  }

  /** One write in place; what was written is there even if this process is killed. */
  note(path: CasePath): void {
    const text = runningTail(path, this.#width);
    this.#width = Math.max(this.#width, text.length);
    if (this.#fd === undefined) {
      replaceFile(this.#file, this.#head + text);
      this.#fd = openSync(this.#file, 'r+');
      return;
    }
    if (text.length > this.#buffer.length) this.#buffer = Buffer.alloc(2 * text.length);
    this.#buffer.write(text, 'latin1');
    writeSync(this.#fd, this.#buffer, 0, text.length, this.#head.length);
  }

  /** Nothing is running any more. */
  remove(): void {
    if (this.#fd === undefined) return;
    closeSync(this.#fd);
    rmSync(this.#file, { force: true });
  }
}

function isAlive(pid: string | undefined): boolean {
  if (pid === undefined || Number(pid) === process.pid) return false;
  try {
    process.kill(Number(pid), 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
