/** Images of an adapter that do what no image should: each gets a verdict, and the next program a good answer. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Checker } from '../../src/checker.ts';
import { openExec } from '../../src/jits/exec.ts';
import type { Jit } from '../../src/jits/jit.ts';
import { observedText } from '../../src/report/words.ts';
import { exit, link, mov } from '../kit/insns.ts';

const program = link([[mov('r0', 1), exit]]);

/** Code, and the entry that is claimed. */
// biome-ignore format: one image a line
const IMAGES: readonly (readonly [what: string, code: string, entry: number, said: RegExp])[] = [
  ['jumps far behind itself',          'e900100000',             0, /^diverge: jump to 0x|^diverge: int3/],
  ['jumps before itself',              'e9fbefffff',             0, /^diverge: jump to 0x000000003ffff000, which is not code/],
  ['jumps to an address of its own',   '48b8efbeadde00000000ffe0', 0, /^diverge: jump to 0x00000000deadbeef, which is not code/], // movabs rax; jmp rax
  ['jumps into its caller’s stack',    '54c3',                   0, /^diverge: jump to 0x/],                                     // push rsp; ret
  ['jumps to memory',                  'ff2425f0debc0a',         0, /^diverge: 8-byte read from 0x000000000abcdef0/],            // jmp [0xabcdef0]
  ['runs past its end',                'b801000000',             0, /^diverge: int3/],
  ['claims to start inside an instruction', 'b801000000c3',      1, /^diverge: /],
  ['claims to start at its end',       'b801000000c3',           5, /^diverge: exit, r0 = 0x|^diverge: 0x/],
  ['never ends',                       'ebfe',                   0, /^diverge: ran on: no end/],
  ['calls itself for ever',            'e8fbffffff',             0, /^diverge: \d-byte write to 0x/],
  ['is no code',                       '0606',                   0, /^diverge: #UD/],
  ['traps',                            '0f0b',                   0, /^diverge: #UD/],
  ['makes a system call',              'b83c0000000f05',         0, /^diverge: stopped/],
  ['writes to the host’s addresses',   '48a3000040000000000000', 0, /^diverge: 8-byte write to 0x0000000000400000/],
];
const GOOD = 'b801000000c3';

/** Bad and good images in turn, as they stand in the list. */
const bad = IMAGES.map(([, code, entry], k) => `${k}) code=${code}; entry=${entry};;`).join(' ');
const ADAPTER = `k=0; while read -r line; do
  id=\${line#*:}; id=\${id%%,*}; code=${GOOD}; entry=0
  if [ $((k % 2)) = 0 ]; then case $((k / 2 % ${IMAGES.length})) in ${bad} esac; fi; k=$((k + 1))
  echo '{"id":'$id',"image":"'$code'","entry":'$entry',"subprogEntries":['$entry']}'
done`;

describe('an image through exec: that', () => {
  let jit: Jit;
  let checker: Checker;
  beforeAll(() => {
    jit = openExec(ADAPTER, { startDeadline: 60_000, deadline: 60_000 });
    checker = new Checker({
      compile: (it) => jit.compile(it, { contextSize: 0, addressOf: () => 0x5000_0000n }),
    });
  });
  afterAll(() => {
    checker.close();
    jit.close();
  });

  it.each(IMAGES)('%s', (_what, _code, _entry, said) => {
    const result = checker.check(program);
    const [first] = result.divergences;
    expect(`${result.verdict}: ${first === undefined ? '' : observedText(first.got, result)}`).toMatch(said);
    expect(checker.check(program).verdict).toBe('agree');
  });

  it('comes a thousand times: nothing is kept', () => {
    const verdicts = new Map<string, number>();
    const judge = (times: number): void => {
      for (let k = 0; k < times; k++) {
        const { verdict } = checker.check(program);
        verdicts.set(verdict, (verdicts.get(verdict) ?? 0) + 1);
      }
    };
    judge(1000 + 2 * IMAGES.length);
    // By now the heap has the size that such work needs.
    const before = process.memoryUsage.rss();
    judge(1000);
    expect((process.memoryUsage.rss() - before) / 2 ** 20).toBeLessThan(48);
    expect(verdicts.get('agree')).toBe(1000 + IMAGES.length);
    expect(verdicts.get('diverge')).toBe(1000 + IMAGES.length);
  }, 120_000);
});
