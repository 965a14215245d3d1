import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    globalSetup: 'test/build-page.js',
    // Of what runs programs and what compiles them no line and no branch may go untested.
    coverage: {
      provider: 'v8',
      include: ['src/interp/**/*.ts', 'src/jit/**/*.ts', 'src/x86/**/*.ts'],
      reporter: [['text', { skipFull: true }]],
      thresholds: { 100: true },
    },
    projects: [
      { test: { name: 'unit', include: ['test/**/*.test.ts'], testTimeout: 60_000, hookTimeout: 60_000 } },
      { test: { name: 'props', include: ['props/**/*.prop.ts'], testTimeout: 300_000 } },
    ],
  },
});
