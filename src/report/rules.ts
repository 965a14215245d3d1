/** What findings break, in words: the rules of SARIF, the types of JUnit. Scripts match on ids; they do not change. */
import type { Subject } from '../oracle/verdict.ts';

export interface Rule {
  readonly id: string;
  /** Half a line. */
  readonly title: string;
  /** A sentence or two for who has never heard of it. */
  readonly text: string;
}

const rule = (id: string, title: string, text: string): Rule => ({ id, title, text });

/** By what differs first. */
const DIVERGENCES: Readonly<Record<Subject['kind'], Rule>> = {
  outcome: rule(
    'divergence/outcome',
    'The run ends differently',
    'Native code faults, returns or runs on where the reference interpreter does otherwise.',
  ),
  r0: rule(
    'divergence/r0',
    'Another r0',
    'Native code returns another value than the reference interpreter.',
  ),
  stated: rule(
    'divergence/stated',
    'Not the stated r0',
    'A side returns another value than the file states.',
  ),
  memory: rule(
    'divergence/memory',
    'Context memory differs',
    'After the run, bytes of the context memory are not those the reference interpreter left there.',
  ),
  data: rule(
    'divergence/data',
    'A data section differs',
    'After the run, bytes of a data section are not those the reference interpreter left there.',
  ),
  event: rule(
    'divergence/event',
    'Another call or return',
    'Native code calls another function, or returns where the reference interpreter calls, or the reverse.',
  ),
  arg: rule(
    'divergence/arg',
    'An argument differs',
    'A callee sees another value in this argument than under the reference interpreter.',
  ),
  result: rule(
    'divergence/result',
    'A result differs',
    'A function returns another value than under the reference interpreter.',
  ),
  reg: rule(
    'divergence/reg',
    'A callee-saved register differs',
    'r6..r9 or r10 do not hold at a call or a return what they hold under the reference interpreter.',
  ),
  stack: rule(
    'divergence/stack',
    'The BPF stack differs',
    'Bytes of the BPF stack frame are not those the reference interpreter has at a call or a return.',
  ),
  native: rule(
    'divergence/native',
    'A word that native code passes or gets differs',
    'Behind a trampoline the program, the traced function or their caller finds another word than was passed.',
  ),
  'trace-length': rule(
    'divergence/trace-length',
    'More or fewer calls',
    'Native code makes another number of calls and returns than the reference interpreter.',
  ),
  constant: rule(
    'divergence/constant',
    'A constant is not blinded',
    'A constant of the program stands in native code that blinds constants.',
  ),
  engine: rule(
    'divergence/engine',
    'Engines disagree',
    'The same native code does something else on another engine: an emulator is wrong, not the JIT.',
  ),
  abi: rule(
    'divergence/abi',
    'A promise of the native ABI is broken',
    'Callee-saved registers, rsp, the return address, the direction flag, or memory outside the frame.',
  ),
};

export const divergenceRule = (kind: Subject['kind']): Rule => DIVERGENCES[kind];

export const STALE_EXPECTATION = rule(
  'expectation/stale',
  'An expected failure that does not hold',
  'The list of expected failures names a case that does not diverge, or that is not there.',
);

export const INCONCLUSIVE = rule(
  'case/inconclusive',
  'A case that proves nothing',
  'It ran, but what it did cannot be compared; the message says why.',
);

export const UNREADABLE = rule(
  'case/error',
  'A case that could not be judged',
  'The file could not be read, or the engine failed on it.',
);

export const SKIPPED = rule('case/skipped', 'A case that was not run', 'The message says why.');

export const FUZZ_FAILURE = rule(
  'fuzz/divergence',
  'Generated programs diverge',
  'Programs that keep the contract of BPF bytecode run differently as native code; the first is saved, shrunk.',
);

export const MUTANT_LIVES = rule(
  'mutant/lives',
  'A broken JIT is not seen',
  'The oracle found no difference in all the cases it was given: it would miss this bug in a real JIT.',
);

export const WORSE = rule(
  'diff/worse',
  'Worse than before',
  'What agreed, was seen or was covered in the report before is so no more.',
);

export const CONTROL_DIVERGES = rule(
  'mutant/control',
  'The JIT as it is diverges',
  'Cases that count broken JITs differ on the unbroken one, so that what they kill proves nothing.',
);
