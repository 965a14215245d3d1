/** The machines of the cost table, as the command has them. */
import { afterAll } from 'vitest';
import { CostRunner } from '../../src/cli/cost-runner.ts';
import { CONTEXT_BYTES } from '../../src/cost/call-forms.ts';
import type { CostMachines } from '../../src/cost/table.ts';
import { compile } from '../../src/jit/compile.ts';

export const runner = new CostRunner();
afterAll(() => runner.close());

export const MACHINES: CostMachines = {
  compile: (program, convention) => compile(program, { convention }).image,
  run: (program, image) => {
    const env = { input: { memory: new Uint8Array(CONTEXT_BYTES) }, models: new Map(), insnLimit: 10_000 };
    return runner.countOwn({ name: program.name, program, env }, image);
  },
};
