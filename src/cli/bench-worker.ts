/** A thread of `bench`: the cases on a bare engine of its own, as often as it is asked. Started by bench-threads.ts. */
import { workerData } from 'node:worker_threads';
import { bareEngine } from '../bench/bare-engine.ts';
import { firstCases } from '../bench/cases.ts';
import { openUnicorn } from '../emu/unicorn.ts';
import { serve } from './worker-thread.ts';

const { cases } = workerData as { readonly cases: number };
const probe = bareEngine('thread', openUnicorn(), firstCases(cases));

/** Nanoseconds a case. */
serve<null, number>(() => probe.run().get('emulate') ?? Number.NaN);
