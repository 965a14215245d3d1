/** The process that holds DPDK: `node child.js <librte_bpf>`; lines of the image protocol in and out. */
import { writeSync } from 'node:fs';
import { linesOf } from '../lines.ts';
import type { ImageRequest } from '../request.ts';
import { answerTo } from './adapter.ts';
import { openLibrte } from './librte.ts';

const librte = openLibrte(process.argv[2] ?? '');
for (const line of linesOf(0)) {
  const request = JSON.parse(line) as ImageRequest;
  writeSync(1, `${JSON.stringify(answerTo(request, librte))}\n`);
}
