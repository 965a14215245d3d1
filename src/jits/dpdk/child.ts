/** The process that holds DPDK: `node child.js <librte_bpf> jit|interpreter`; lines of the image protocol in and out. */
import { readFileSync, writeSync } from 'node:fs';
import { linesOf } from '../lines.ts';
import type { ImageRequest } from '../request.ts';
import { answerTo } from './adapter.ts';
import { interpreterCode } from './interpreter.ts';
import { openLibrte } from './librte.ts';
import { codeSegmentsOf } from './shared-object.ts';

/** As a shell says that it cannot run a command. */
const CANNOT_RUN = 126;
const [, , path = '', part] = process.argv;

/** What answers requests. Throws if the library is none. */
function opened(): (request: ImageRequest) => object {
  const librte = openLibrte(path);
  if (part !== 'interpreter') return (request) => answerTo(request, librte);
  const interpreter = interpreterCode(codeSegmentsOf(readFileSync(path), path));
  if (interpreter === undefined) throw new Error(`${path} has no function rte_bpf_exec_burst`);
  return (request) => answerTo(request, librte, interpreter);
}

function openedOrEnd(): (request: ImageRequest) => object {
  try {
    return opened();
  } catch (error) {
    writeSync(2, `${error instanceof Error ? error.message.split('\n')[0] : error}\n`);
    return process.exit(CANNOT_RUN);
  }
}

const answer = openedOrEnd();
for (const line of linesOf(0)) {
  const request = JSON.parse(line) as ImageRequest;
  writeSync(1, `${JSON.stringify(answer(request))}\n`);
}
