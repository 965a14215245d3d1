/** The stand-in as a file that exports a factory, as unicorn.js does: for BPF_ORACLE_UNICORN_JS. */
import { standIn } from './unicorn-js-stand-in.ts';

// biome-ignore lint/style/noDefaultExport: as the package exports it
export default async () => standIn();
