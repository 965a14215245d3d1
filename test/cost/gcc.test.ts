/** The recorded native bound is what gcc makes of the calls, where the gcc it was recorded with is installed. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { nativeSource } from '../../src/cost/call-forms.ts';
import { GCC_FLAGS, GCC_STYLES, type NativeCode } from '../../src/cost/gcc.ts';
import { GCC_VERSION, NATIVE_CODE } from '../../src/cost/native-code.ts';

const DEADLINE = 120_000;

/** Why it cannot be asked here, or undefined. */
function missing(): string | undefined {
  const { stdout, status } = spawnSync('gcc', ['--version'], { encoding: 'utf8' });
  if (status !== 0) return 'gcc is not installed';
  if (process.arch !== 'x64') return 'its code is for x86-64';
  const version = stdout.split('\n')[0];
  return version === GCC_VERSION ? undefined : `recorded with ${GCC_VERSION}, here is ${version}`;
}

function run(tool: string, args: readonly string[]): void {
  const { status, stderr } = spawnSync(tool, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${tool}: ${stderr}`);
}

function compiled({ style, value, stackArgs }: NativeCode): readonly string[] {
  const folder = mkdtempSync(join(tmpdir(), 'gcc-'));
  const at = (name: string): string => join(folder, name);
  try {
    writeFileSync(at('in.c'), nativeSource({ value, stackArgs }));
    run('gcc', [...GCC_FLAGS, ...GCC_STYLES[style], '-c', '-o', at('out.o'), at('in.c')]);
    return ['caller', 'callee'].map((name) => {
      run('objcopy', ['-O', 'binary', '-j', `.text.${name}`, at('out.o'), at(name)]);
      return readFileSync(at(name)).toString('hex');
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

describe('the recorded code of gcc', () => {
  it(
    'is what gcc makes of the same C',
    ({ skip }) => {
      const why = missing();
      if (why !== undefined) skip(why);
      for (const code of NATIVE_CODE) {
        const { style, value, stackArgs } = code;
        expect(compiled(code), `${style}, ${value}, ${stackArgs}`).toEqual([code.caller, code.callee]);
      }
    },
    DEADLINE,
  );
});
