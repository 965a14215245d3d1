/** The folder of saved cases: what a fuzz finds, and what its workers are running. */
import { mkdirSync, readdirSync, rmdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { badInput } from '../core/errors.ts';
import type { CaseFile } from '../fuzz/campaign.ts';
import { replaceFile } from './write-file.ts';

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

function isAlive(pid: string | undefined): boolean {
  if (pid === undefined || Number(pid) === process.pid) return false;
  try {
    process.kill(Number(pid), 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
