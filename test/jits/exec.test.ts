/** JITs behind a command: those that answer, and every way not to. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import { OracleError } from '../../src/core/errors.ts';
import { openExec } from '../../src/jits/exec.ts';
import type { Jit } from '../../src/jits/jit.ts';
import { exit, link, mov } from '../kit/insns.ts';

const program = link([[mov('r0', 1), exit]]);
const input = { contextSize: 0, addressOf: () => 0x5000_0000n };
const open: Jit[] = [];

function openJit(command: string, limits: { deadline?: number; startDeadline?: number } = {}): Jit {
  const jit = openExec(command, limits);
  open.push(jit);
  return jit;
}

afterEach(() => {
  for (const jit of open.splice(0)) jit.close();
});

/** `mov eax, 1; ret`, for whatever is asked, by a shell. */
const ANSWERS = `while read -r line; do
  id=\${line#*:}; id=\${id%%,*}
  echo '{"id":'$id',"image":"b801000000c3","entry":0,"subprogEntries":[0]}'
done`;

function failure(jit: Jit): string {
  try {
    jit.compile(program, input);
  } catch (error) {
    if (error instanceof OracleError) return `${error.kind}: ${error.parts.why}`;
    throw error;
  }
  return 'it compiled';
}

describe('exec:', () => {
  it('takes images from a command that lives on', () => {
    const jit = openJit(ANSWERS);
    for (let k = 0; k < 3; k++) {
      const { code, jit: name, entry } = jit.compile(program, input);
      expect([[...code], entry]).toEqual([[0xb8, 1, 0, 0, 0, 0xc3], 0]);
      expect(name).toBe(`exec:${ANSWERS}`);
    }
  });

  it('asks with program, layout and callees', () => {
    const jit = openJit('read -r line; echo "$line" >&2; exit 3');
    expect(failure(jit)).toBe(
      'jit: it ended with exit code 3; it said: {"id":1,"bpf":"b7000000010000009500000000000000",' +
        '"convention":"linux","subprogs":[0],"base":"0x40000000","callees":{},"args":{},"regions":[]}',
    );
  });

  it('passes on a refusal, in its words', () => {
    const jit = openJit('while read -r line; do echo \'{"id":1,"refused":"no such opcode"}\'; done');
    expect(failure(jit)).toBe('input: no such opcode');
  });

  // biome-ignore format: a table
  it.each([
    ['cannot be found',          'bpf-oracle-no-such-jit',              /^usage: it ended with exit code 127; it said: .*not found$/],
    ['cannot be run',            '/etc/passwd',                         /^usage: it ended with exit code 126; it said: .*denied$/],
    ['is found, but not what it wants', 'read -r x; exit 125',          /^jit: it ended with exit code 125$/],
    ['dies of a signal',         'kill -SEGV $$',                       /^jit: it was ended by SIGSEGV$/],
    ['dies with output',         'read -r x; echo -n half; exit 1',     /^jit: it ended with exit code 1$/],
    ['closes its output',        'exec >&-; sleep 1000',                /^jit: it was ended by SIGKILL$/],
    ['floods its output',        'yes',                                 /^jit: it wrote what nobody asked for: "(y\\n)+"$/],
    ['floods one line',          'read -r x; cat /dev/zero',            /^jit: an answer of more than 67108864 bytes$/],
    ['speaks before it is asked', 'echo hello; sleep 1000',             /^jit: (answered nonsense: it is not JSON: "hello"|it wrote what nobody asked for: "hello\\n")$/],
    ['answers nonsense',         'read -r x; echo hello; sleep 1000',   /^jit: answered nonsense: it is not JSON: "hello"$/],
    ['echoes',                   'cat',                                 /^jit: answered nonsense: it must have required property 'image'$/],
  ])('says so of one that %s', (_, command, words) => {
    expect(failure(openJit(command, { startDeadline: 30_000 }))).toMatch(words);
  });

  // biome-ignore format: a table
  it.each([
    ['never answers',            'sleep 1000',                          /^jit: no answer within 0.3 s$/],
    ['ignores its input',        'exec <&-; sleep 1000',                /^jit: (no answer within 0.3 s|it was ended by SIGKILL)$/],
    ['floods standard error',    'yes >&2',                             /^jit: no answer within 0.3 s$/],
  ])('says so of one that %s', (_, command, words) => {
    expect(failure(openJit(command, { startDeadline: 300 }))).toMatch(words);
  });

  it('finds a new child after one that died', () => {
    const jit = openJit(`${ANSWERS.replace('done', 'exit 0; done')}`);
    for (let k = 0; k < 5; k++) {
      expect(jit.compile(program, input).entry).toBe(0);
      expect(failure(jit)).toBe('jit: it ended with exit code 0');
    }
  });

  it('holds a late answer against nobody else', () => {
    const jit = openJit(
      `read -r x; sleep 0.2; echo '{"id":1,"image":"c3","entry":0,"subprogEntries":[0]}'; ${ANSWERS}`,
      { startDeadline: 100 },
    );
    expect(failure(jit)).toBe('jit: no answer within 0.1 s');
    expect(failure(jit)).toBe('jit: no answer within 0.1 s');
  });

  it('ends what a command has started', async () => {
    // No other run of this test asks for it.
    const seconds = `4242.${process.pid}`;
    const jit = openJit(`sleep ${seconds} & sleep ${seconds}`, { startDeadline: 200 });
    failure(jit);
    const running = (): string[] =>
      readdirSync('/proc').filter((pid) => /^\d+$/.test(pid) && commandLine(pid).includes(seconds));
    // What is killed is gone a moment later.
    await expect.poll(running, { timeout: 30_000 }).toEqual([]);
  });

  it('survives a thousand that misbehave, and leaves nothing', () => {
    const ways = [
      'exit 1',
      'kill -KILL $$',
      'yes',
      'echo "{}"',
      'echo \'{"id":1,"image":"c3","entry":9,"subprogEntries":[0]}\'',
      'yes >&2; exit',
      'exec >&-; read -r x',
      'sleep 9',
    ];
    const before = resources();
    const jits = ways.map((way) => openJit(way, { startDeadline: 10, deadline: 10 }));
    for (let k = 0; k < 1000; k++) expect(failure(jits[k % jits.length] as Jit)).toMatch(/^jit: /);
    for (const jit of jits) jit.close();
    const after = resources();
    expect(after.files).toBe(before.files);
    expect(after.children).toEqual([]);
    expect(after.megabytes - before.megabytes).toBeLessThan(64);
  }, 120_000);
});

const commandLine = (pid: string): string => {
  const path = `/proc/${pid}/cmdline`;
  return existsSync(path) ? readFileSync(path, 'latin1') : '';
};

function resources(): { files: number; megabytes: number; children: string[] } {
  globalThis.gc?.();
  const children = readFileSync('/proc/thread-self/children', 'latin1').trim().split(' ');
  return {
    files: readdirSync('/proc/self/fd').length,
    megabytes: process.memoryUsage.rss() / 2 ** 20,
    children: children.filter((pid) => pid !== '' && /sh\0-c/.test(commandLine(pid))),
  };
}
