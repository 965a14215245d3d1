/**
 * Records src/emu/selftest-truth.ts: runs the probes of the emulator's self-test on this machine's CPU, which must
 * be an x86-64 with BMI2. Run after a build, when the probes change: node scripts/record-truth.js
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import koffi from 'koffi';
import { truthRow } from '../dist/emu/selftest.js';
import { probes } from '../dist/emu/selftest-probes.js';

const PAGE = 0x1000;
const PROT_READ_WRITE_EXEC = 7;
const MAP_PRIVATE_ANONYMOUS = 0x22;

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const libc = koffi.load(null);
const mmap = libc.func('void *mmap(void *address, size_t size, int prot, int flags, int fd, long offset)');
const page = mmap(null, PAGE, PROT_READ_WRITE_EXEC, MAP_PRIVATE_ANONYMOUS, -1, 0);
const code = new Uint8Array(koffi.view(page, PAGE));
const proto = koffi.proto('void probe(void *block)');

const rows = probes().map((probe) => {
  code.set(probe.code);
  const row = truthRow(probe, (state) => {
    const block = new BigUint64Array(new ArrayBuffer(state.byteLength));
    block.set(state);
    koffi.call(page, proto, block);
    return block;
  });
  return `  '${probe.name}': '${row}',`;
});

const cpu = /model name\s*: (.*)/.exec(readFileSync('/proc/cpuinfo', 'latin1'))?.[1] ?? 'unknown';
writeFileSync(
  join(root, 'src/emu/selftest-truth.ts'),
  `/**
 * What a CPU made of the probes (selftest-probes.ts): for each state flags, rax, memory, rdx, rcx in hex; empty
 * means unchanged. Recorded by scripts/record-truth.js on: ${cpu}.
 */
// biome-ignore format: a table
export const TRUTH: Readonly<Record<string, string>> = {
${rows.join('\n')}
};
`,
);
console.log(`${rows.length} probes recorded on ${cpu}`);
