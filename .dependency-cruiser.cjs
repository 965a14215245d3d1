/** Who may import whom (docs/ARCHITECTURE.md). What judges shares no code with what is judged. */
const layer = (name, ...allowed) => ({
  name: `${name}-imports`,
  severity: 'error',
  comment: `src/${name} may import only: ${[name, ...allowed].join(', ')}`,
  from: { path: `^src/${name}/` },
  to: { path: '^src/', pathNot: [name, ...allowed].map((n) => `^src/${n}/`) },
});

module.exports = {
  forbidden: [
    layer('core'),
    layer('bpf', 'core'),
    layer('lint', 'core', 'bpf'),
    layer('interp', 'core', 'bpf'),
    layer('x86', 'core'),
    layer('jit', 'core', 'bpf', 'x86'),
    layer('emu', 'core', 'x86'),
    layer('jits', 'core', 'bpf', 'x86'),
    layer('oracle', 'core', 'bpf', 'lint', 'x86'),
    layer('cost', 'core', 'bpf', 'x86'),
    layer('arb', 'core', 'bpf', 'lint'),
    layer('mutant', 'core', 'bpf', 'x86', 'jit'),
    layer('fuzz', 'core', 'bpf', 'lint', 'arb', 'oracle'),
    layer('report', 'core', 'bpf', 'lint', 'x86', 'cost', 'oracle', 'fuzz', 'arb'),
    // It times all of them.
    layer('bench', 'core', 'bpf', 'x86', 'interp', 'jit', 'jits', 'emu', 'oracle', 'arb', 'fuzz'),
    {
      name: 'page-alone',
      severity: 'error',
      comment: 'the page of HTML reports runs in browsers: of the rest it knows only what the document holds',
      from: { path: '^src/report/html/page/' },
      to: { path: '^src/', pathNot: ['^src/report/html/page/', '^src/report/html/page-data.ts$'] },
    },
    {
      name: 'nobody-imports-page',
      severity: 'error',
      comment: 'it is bundled (scripts/build-page.js), and has a tsconfig of its own',
      from: { path: '^src/', pathNot: '^src/report/html/page/' },
      to: { path: '^src/report/html/page/' },
    },
    {
      name: 'no-cycles',
      severity: 'error',
      comment: 'a cycle hides which file owns a fact',
      from: {},
      to: { circular: true },
    },
    {
      name: 'nobody-imports-cli',
      severity: 'error',
      comment: 'the command line is the outermost layer',
      from: { path: '^src/', pathNot: '^src/cli/' },
      to: { path: '^src/cli/' },
    },
    {
      name: 'src-not-tests',
      severity: 'error',
      comment: 'the product does not depend on its tests',
      from: { path: '^src/' },
      to: { path: '^(test|props|bench|scripts)/' },
    },
    {
      name: 'fs-at-the-edge',
      severity: 'error',
      comment:
        'models, machines and judges are pure; only cli, emu (to find libunicorn, and for the guest of silicon) and jits (JITs of others are processes) touch the system',
      from: { path: '^src/', pathNot: '^src/(cli|emu|jits)/' },
      to: { path: '^(node:)?(fs|child_process|process|os|worker_threads)(/|$)' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      extensions: ['.ts', '.js'],
      exportsFields: ['exports'],
      conditionNames: ['import', 'node'],
    },
  },
};
