/** What the linter's rules ask for, in words; their messages are data (src/lint/rules.ts). */
import type { RuleId } from '../lint/rules.ts';
import type { Rule } from './rules.ts';

/** Half a line, and a sentence or two. */
const WORDS: Readonly<Record<RuleId, readonly [title: string, text: string]>> = {
  'base-only': [
    'r11 as something else than a base',
    'r11 is the base of loads and stores of stack arguments. It holds no value, and there is no register beyond it.',
  ],
  mode: [
    'r11 in an access that is no plain load or store',
    'Stack arguments are loaded and stored; they are not loaded with their sign extended, nor updated atomically.',
  ],
  width: ['r11 in an access of other than 8 bytes', 'A stack argument is 8 bytes wide, whatever its type.'],
  alignment: ['r11 with an offset that is no multiple of 8', 'Stack arguments lie 8 bytes apart.'],
  sign: [
    'r11 with an offset on the wrong side',
    'A function loads its own arguments from r11 + 8 on, and stores those of the function it calls from r11 - 8 down.',
  ],
  range: ['A store beyond argument 12', 'There are 12 arguments; the last one is stored to r11 - 56.'],
  'max-args': ['A function of more than 12 arguments', 'There are 5 in registers and 7 on the stack.'],
  'max-kfunc-args': ['A kfunc of more than 12 arguments', 'There are 5 in registers and 7 on the stack.'],
  'global-function': [
    'A global function with stack arguments',
    'Global functions are verified by themselves, and take the 5 arguments that fit in registers. Static ones may take more.',
  ],
  'helper-args': [
    'A helper with stack arguments',
    'Helpers take the 5 arguments that fit in registers; kfuncs may take more.',
  ],
  'big-argument': [
    'A structure, or a number of more than 8 bytes, as an argument by value',
    'A kfunc takes integers and pointers. Structures by value are in development (--aggregates).',
  ],
  'value-size': [
    'An argument by value that is larger than 16 bytes',
    'With --aggregates a kfunc takes structures by value, of up to two slots.',
  ],
  'value-members': [
    'A structure by value with something else than numbers in it',
    'With --aggregates a kfunc takes structures by value whose members, and those of structures and arrays in them, are numbers: a pointer in one would be passed unseen.',
  ],
  'split-argument': [
    'A function with stack arguments takes one by value in two slots',
    'BTF counts parameters and the caller counts slots, so that the two disagree on where the others are.',
  ],
  prototype: [
    'Two prototypes that differ',
    'What is stated of a function (--proto, # oracle: proto) is not what its BTF says.',
  ],
  'late-load': [
    'A load of a stack argument after a store or a call',
    'Argument 6 comes in the register that the next argument 6 goes out in, and that any call may destroy. So a function first loads what it was passed.',
  ],
  'excess-load': [
    'A load of an argument that nobody passes',
    'A function may load as many arguments as its prototype has; main may load none.',
  ],
  'missing-argument': [
    'A call with an argument that is not stored',
    'Before a call every stack argument of the callee is stored, on every way that leads there.',
  ],
  'stale-argument': [
    'A call with an argument that an earlier call has used up',
    'Slots of arguments belong to the callee once it is called, as r1 to r5 do. They are stored again for the next call.',
  ],
  'unneeded-store': [
    'A store of an argument that no call takes',
    'The area for outgoing arguments is as large as the calls of the function need; beyond it lies something else.',
  ],
  'invalid-args': [
    'A call of a global function with an argument register unset',
    'What a global function declares it takes, its callers pass.',
  ],
  'tail-call': [
    'A tail call on a chain with stack arguments',
    'A tail call takes down the frame its caller gave it, which has no room for the arguments. No function from main to the tail call may pass or take stack arguments.',
  ],
  'callback-args': ['A callback with stack arguments', 'The kernel calls it, with 5 arguments at the most.'],
  'pad-argument': [
    'A stack argument in a landing pad',
    'A landing pad runs while the stack is unwound: its stack pointer is not that of the frame the arguments would lie in.',
  ],
  'private-stack': [
    'Stack arguments and a private stack',
    'On x86-64 both want r9. Linux gives a function with stack arguments no private stack (--private-stack).',
  ],
  'no-jit': ['Stack arguments without a JIT', 'The interpreter has none (--no-jit).'],
  'no-jit-kfunc': ['A kfunc without a JIT', 'The interpreter calls helpers only (--no-jit).'],
  'no-jit-callback': ['A callback without a JIT', 'To the interpreter functions have no address (--no-jit).'],
  'reserved-field': ['A reserved field that is not 0', 'Fields an instruction does not use are 0.'],
  'ld-imm64': ['A 64-bit immediate that is none', 'It takes two slots; of the second one only imm is used.'],
  opcode: ['No such instruction', 'Neither RFC 9669 nor Linux has it.'],
  'fall-through': [
    'The end of a function that runs on',
    'The last instruction of a function is exit or goto.',
  ],
  'jump-range': ['A jump out of its function', 'Jumps stay in the function they are in.'],
  'jump-middle': ['A jump into a 64-bit immediate', 'Its second slot is no instruction.'],
  'no-exit': ['A loop that nothing leads out of', 'From everywhere some way leads to an exit.'],
  'frame-depth': [
    'More than 8 frames',
    'A chain of calls has 8 functions at the most, main among them; recursion has no bound.',
  ],
  'stack-depth': [
    'More than 512 bytes of stack',
    'The frames of a chain of calls, each rounded up to 16 bytes, have 512 bytes together.',
  ],
  'callback-tail-call': ['A tail call in a callback', 'The kernel called it, and expects it back.'],
  'callback-throw': ['An exception in a callback', 'The kernel called it, and does not unwind.'],
  'exception-call': [
    'A call of the exception callback',
    'It takes apart the frame of main, not the one of a caller.',
  ],
  'exception-args': ['An exception callback of other arguments', 'It gets the cookie, and nothing else.'],
  'unset-register': [
    'A register that nothing was put in',
    'A function starts with its arguments and r10; a call leaves r0 and r6 to r9.',
  ],
  'read-only-fp': ['A write to r10', 'The frame pointer is read-only.'],
  'unset-stack': [
    'A load from stack that was not written',
    'Linux lets privileged programs do it; what they get depends on what ran before, so that no two runs need agree.',
  ],
  'stack-bounds': ['An access outside the stack', 'A function has the 512 bytes below r10.'],
  'no-address': [
    'An access through what is no pointer',
    'On some way the register holds a number, or a pointer that may be null and was not compared with 0.',
  ],
};

/** As CI formats show it. */
export function lintRule(id: RuleId): Rule {
  const [title, text] = WORDS[id];
  return { id: `lint/${id}`, title, text };
}
