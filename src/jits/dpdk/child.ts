/** The process that holds DPDK: `node child.js <librte_bpf> jit|interpreter`; lines of the image protocol in and out. */
import { readFileSync, writeSync } from 'node:fs';
import { linesOf } from '../lines.ts';
import type { ImageRequest } from '../request.ts';
import { answerTo } from './adapter.ts';
import { interpreterCode } from './interpreter.ts';
import { openLibrte } from './librte.ts';
import { codeSegmentsOf } from './shared-object.ts';

const [, , path = '', part] = process.argv;
const librte = openLibrte(path);
const interpreter =
  part === 'interpreter' ? interpreterCode(codeSegmentsOf(readFileSync(path), path)) : undefined;
if (part === 'interpreter' && interpreter === undefined)
  throw new Error(`${path} has no function rte_bpf_exec_burst`);
for (const line of linesOf(0)) {
  const request = JSON.parse(line) as ImageRequest;
  writeSync(1, `${JSON.stringify(answerTo(request, librte, interpreter))}\n`);
}
