/** A worker of `bench`: a process that runs cases on a bare engine, as often as it is asked. Started by bench-bare.ts. */
import { bareEngine } from '../bench/bare-engine.ts';
import { firstCases } from '../bench/cases.ts';
import { openUnicorn } from '../emu/unicorn.ts';
import { endWithParent } from '../jits/posix.ts';
import { serve } from './worker-serve.ts';

endWithParent();
serve<{ readonly cases: number }, null, number>(async ({ cases }) => {
  const probe = bareEngine('bare', openUnicorn({ blockHook: 'none' }), firstCases(cases));
  /** Nanoseconds a case. */
  return () => probe.run().get('emulate') ?? Number.NaN;
});
