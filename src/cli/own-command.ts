/** This command line as a file, for processes of its own. */
import { fileURLToPath } from 'node:url';

export const COMMAND = fileURLToPath(new URL('../../bin/bpf-oracle.js', import.meta.url));
