import { defineConfig } from 'vitest/config';

/** The tests that mutants are run against (stryker.config.json): those that take milliseconds. */
export default defineConfig({
  test: {
    include: ['test/interp/*.test.ts', 'test/jit/*.test.ts'],
    exclude: ['**/large.test.ts', 'test/jit/sweep.test.ts'],
  },
});
