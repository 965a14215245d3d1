/** Tail calls that count, jump or clean up otherwise. They show in the lane of tail calls alone. */
import type { Insn } from '../bpf/insn.ts';
import type { LowerContext } from '../jit/lower/context.ts';
import { load } from '../jit/lower/memory.ts';
import type { Target } from '../jit/target.ts';
import { Assembler } from '../x86/assembler.ts';
import { RAX } from '../x86/reg.ts';
import type { Mutant } from './mutant.ts';

const NOP = 0x90;
const GUILTY = { stages: ['insn', 'call', 'prologue'], insn: /^call/ } as const;

type Bytes = readonly number[];

type Patch = (bytes: Bytes, context: LowerContext) => Bytes;

/** Changes the bytes of tail calls of both forms; their length stays, as do the jumps in them. */
const inTailCall =
  (patch: Patch) =>
  (target: Target): Target => ({
    ...target,
    lowerTailCall: (context) => patched(context, patch, target.lowerTailCall),
    lowerDirectTailCall: (context, program) =>
      patched(context, patch, (inner) => target.lowerDirectTailCall(inner, program)),
  });

function patched(context: LowerContext, patch: Patch, emit: (inner: LowerContext) => void): void {
  const { asm, refs } = context;
  const inner: LowerContext = { ...context, asm: new Assembler(128), refs: [] };
  emit(inner);
  for (const ref of inner.refs) refs.push({ ...ref, end: asm.length + ref.end });
  asm.raw(Uint8Array.from(patch([...inner.asm.bytes()], context)));
}

/** Changes how tail calls to known programs are made. */
const direct =
  (change: (lower: Target['lowerDirectTailCall']) => Target['lowerDirectTailCall']) =>
  (target: Target): Target => ({ ...target, lowerDirectTailCall: change(target.lowerDirectTailCall) });

/** Puts some bytes in the place of the first that are `from`. */
function swapped(bytes: Bytes, from: Bytes, to: Bytes): Bytes {
  const at = bytes.findIndex((_, i) => from.every((byte, k) => bytes[i + k] === byte));
  return at < 0 ? bytes : [...bytes.slice(0, at), ...to, ...bytes.slice(at + from.length)];
}

const replaced = (from: Bytes, to: Bytes) => inTailCall((bytes) => swapped(bytes, from, to));
const dropped = (from: Bytes) =>
  replaced(
    from,
    from.map(() => NOP),
  );

const WITHOUT_LANE: readonly Mutant[] = [
  {
    name: 'tail-call-limit-34',
    breaks: 'one tail call more than may be is made',
    guilty: GUILTY,
    source: 'linux MAX_TAIL_CALL_CNT',
    mutate: replaced([0x48, 0x83, 0x38, 0x21], [0x48, 0x83, 0x38, 0x22]),
  },
  {
    name: 'tail-call-not-counted',
    breaks: 'tail calls are not counted',
    guilty: GUILTY,
    source: 'linux 116e04ba1459',
    mutate: dropped([0x48, 0x83, 0x00, 0x01]),
  },
  {
    name: 'tail-call-counts-two',
    breaks: 'each tail call counts as two',
    guilty: GUILTY,
    source: 'linux MAX_TAIL_CALL_CNT',
    mutate: replaced([0x48, 0x83, 0x00, 0x01], [0x48, 0x83, 0x00, 0x02]),
  },
  {
    name: 'tail-call-count-by-value',
    breaks: 'functions get the count, not a pointer to it: what they count is lost when they return',
    guilty: GUILTY,
    source: 'linux 116e04ba1459',
    mutate: (target) => ({
      ...target,
      lowerCall(context, callee) {
        const isCounted = callee.kind === 'bpf' && context.tailCall !== 'none';
        if (!isCounted) return target.lowerCall(context, callee);
        const { asm } = context;
        const inner: LowerContext = { ...context, asm: new Assembler(64), calls: [] };
        target.lowerCall(inner, callee);
        const bytes = inner.asm.bytes();
        asm.raw(bytes, 0, POINTER_LOAD_BYTES);
        load(asm, 8, RAX, RAX, 0);
        asm.raw(bytes, POINTER_LOAD_BYTES);
        for (const { callee: to } of inner.calls) context.calls.push({ end: asm.length, callee: to });
      },
    }),
  },
  {
    name: 'tail-call-fresh-count',
    breaks: 'functions begin to count anew',
    guilty: GUILTY,
    source: 'linux 2b5dcb31a19a',
    mutate: (target) => ({
      ...target,
      prologue(context) {
        const { tailCall } = context;
        target.prologue({ ...context, tailCall: tailCall === 'function' ? 'program' : tailCall });
      },
    }),
  },
  {
    name: 'tail-call-pointer-from-wrong-depth',
    breaks: 'functions get what lies a word beside the pointer to the count',
    guilty: GUILTY,
    source: 'linux ff672c67ee76',
    mutate: (target) => ({
      ...target,
      lowerCall(context, callee) {
        const { frame } = context;
        target.lowerCall({ ...context, frame: { ...frame, stackDepth: frame.stackDepth + 8 } }, callee);
      },
    }),
  },
  {
    name: 'tail-call-count-from-wrong-depth',
    breaks: 'tail calls count where the stack of the function ends, 8 bytes too high',
    guilty: GUILTY,
    source: 'linux ff672c67ee76',
    mutate: inTailCall((bytes, { frame }) =>
      swapped(bytes, int32(-frame.stackDepth - 16), int32(-frame.stackDepth - 8)),
    ),
  },
  {
    name: 'tail-call-index-64-bits',
    breaks: 'the upper half of the index is not cleared',
    guilty: GUILTY,
    source: 'linux emit_bpf_tail_call_indirect(): mov edx, edx',
    mutate: dropped([0x89, 0xd2]),
  },
  {
    name: 'tail-call-index-off-by-one',
    breaks: 'the index may be the number of entries',
    guilty: GUILTY,
    source: 'linux emit_bpf_tail_call_indirect(): jbe',
    mutate: replaced([0x39, 0x56, 0x10, 0x76], [0x39, 0x56, 0x10, 0x72]),
  },
  {
    name: 'tail-call-empty-slot',
    breaks: 'an empty slot is not seen',
    guilty: GUILTY,
    source: 'linux emit_bpf_tail_call_indirect()',
    mutate: inTailCall((bytes) => {
      const at = bytes.findIndex(
        (byte, i) => byte === 0x48 && bytes[i + 1] === 0x85 && bytes[i + 2] === 0xc9,
      );
      return at < 0 ? bytes : bytes.map((byte, i) => (i >= at && i < at + 5 ? NOP : byte));
    }),
  },
  {
    name: 'tail-call-enters-too-early',
    breaks: 'the next program is entered before `push rbp`',
    guilty: GUILTY,
    source: 'linux X86_TAIL_CALL_OFFSET',
    mutate: replaced([0x48, 0x83, 0xc1, 0x0c], [0x48, 0x83, 0xc1, 0x08]),
  },
  {
    name: 'tail-call-keeps-stack',
    breaks: 'the BPF stack of the program that ends is not released',
    guilty: GUILTY,
    source: 'linux emit_bpf_tail_call_indirect()',
    mutate: inTailCall((bytes, { frame }) =>
      swapped(bytes, [0x48, 0x81, 0xc4, ...int32(frame.stackDepth)], [0x48, 0x81, 0xc4, ...int32(0)]),
    ),
  },
  {
    name: 'tail-call-forgets-rbx',
    breaks: 'rbx is not given back before the next program is entered',
    // Seen as the successor saves it, else where that returns.
    guilty: { stages: ['call', 'prologue', 'epilogue'], insn: /^call|^exit/ },
    source: 'linux emit_bpf_tail_call_indirect(): pop_callee_regs()',
    mutate: replaced([0x5b, 0x58, 0x58], [0x58, 0x58, 0x58]),
  },
  {
    name: 'tail-call-direct-not-bypassed',
    breaks: 'the way past a tail call to an empty entry is not patched in',
    guilty: GUILTY,
    source: 'linux ebf7d1f508a7 (the bypass)',
    mutate: direct((lower) => (context, program) => {
      const { asm } = context;
      const start = asm.length;
      lower(context, program);
      if (program === null) NOP5.forEach((byte, i) => void asm.patch8(start + BYPASS_AT + i, byte));
    }),
  },
  {
    name: 'tail-call-direct-bypass-too-short',
    breaks: 'the way past a tail call to an empty entry leads before `add rsp, depth`',
    guilty: GUILTY,
    source: 'linux ebf7d1f508a7 (the bypass)',
    mutate: direct((lower) => (context, program) => {
      const { asm, frame } = context;
      const start = asm.length;
      lower(context, program);
      const past = asm.length - start - BYPASS_AT - NOP5.length;
      const back = NOP5.length + (frame.stackDepth > 0 ? ADD_RSP_BYTES : 1);
      if (program === null) asm.patch32(start + BYPASS_AT + 1, past - back);
    }),
  },
  {
    name: 'tail-call-direct-enters-at-start',
    breaks: 'a patched jump leads to the first byte of a program, not past its prologue',
    guilty: GUILTY,
    source: 'linux X86_TAIL_CALL_OFFSET: adj_off',
    mutate: direct((lower) => (context, program) => {
      const inner: LowerContext = { ...context, refs: [] };
      lower(inner, program);
      for (const { to, ...ref } of inner.refs)
        context.refs.push({
          ...ref,
          to: typeof to === 'object' && 'subprog' in to ? { ...to, offset: 0 } : to,
        });
    }),
  },
  {
    name: 'tail-call-direct-empty-counts',
    breaks: 'a tail call to an empty entry is counted, though it goes on behind itself',
    guilty: GUILTY,
    source: 'linux 116e04ba1459 (counted only if the entry is there)',
    mutate: direct((lower) => (context, program) => {
      const { asm } = context;
      const start = asm.length;
      lower(context, program);
      if (program !== null) return;
      // The bypass and the counting change places.
      const order = [...COUNT_ONE, JMP_REL32, ...int32(asm.length - start - BYPASS_AT - 9)];
      for (const [i, byte] of order.entries()) asm.patch8(start + BYPASS_AT + i, byte);
    }),
  },
];

/** Tail calls that take a program for known that is not: changes what is looked at, or how two ways meet. */
const known =
  (find: (target: Target) => Target['knownTailCalls']) =>
  (target: Target): Target => ({
    ...target,
    knownTailCalls: find(target),
  });

/** Finds known tail calls in another program. */
const knownIn = (other: (insn: Insn) => Insn) =>
  known(({ knownTailCalls }) => (program, subprog) => {
    const insns = program.insns.map((insn) => insn && other(insn));
    return knownTailCalls({ ...program, insns }, subprog);
  });

const MISTAKEN: readonly Mutant[] = [
  {
    name: 'tail-call-direct-by-first-way',
    breaks: 'a tail call is direct though its index differs on another way: the key is not poisoned',
    guilty: GUILTY,
    source: 'linux d2e4c1e6c294 (BPF_MAP_KEY_POISON)',
    mutate: known(
      ({ knownTailCalls }) =>
        (program, subprog) =>
          knownTailCalls(program, subprog, () => false),
    ),
  },
  {
    name: 'tail-call-direct-by-wrong-branch',
    breaks: 'a tail call is direct to the index that its own was found not to be',
    guilty: GUILTY,
    source: 'linux regs_refine_cond_op(): BPF_JEQ, BPF_JNE',
    mutate: knownIn((insn) =>
      insn.kind === 'jcc' && insn.op in OTHER_BRANCH
        ? { ...insn, op: OTHER_BRANCH[insn.op as keyof typeof OTHER_BRANCH] }
        : insn,
    ),
  },
  {
    name: 'tail-call-direct-by-stale-spill',
    breaks: 'a tail call is direct to an index from the stack, a part of which was written since',
    guilty: GUILTY,
    source: 'linux check_stack_write_fixed_off(): misc slots',
    mutate: knownIn((insn) => (insn.kind === 'st' && insn.size < 8 ? NOTHING : insn)),
  },
];

const OTHER_BRANCH = { jeq: 'jne', jne: 'jeq' } as const;
const NOTHING: Insn = { kind: 'ja', width: 16, off: 0 };

/** Of the first patched place, behind load, comparison and `jae`. */
const BYPASS_AT = 13;
const NOP5: Bytes = [0x0f, 0x1f, 0x44, 0x00, 0x00];
/** `add rsp, imm32` */
const ADD_RSP_BYTES = 7;
/** `add qword [rax], 1` */
const COUNT_ONE: Bytes = [0x48, 0x83, 0x00, 0x01];
const JMP_REL32 = 0xe9;

/** `mov rax, [rbp + disp32]` */
const POINTER_LOAD_BYTES = 7;

const int32 = (value: number): Bytes => [...new Uint8Array(Int32Array.of(value).buffer)];

export const TAIL_CALL_MUTANTS: readonly Mutant[] = [...WITHOUT_LANE, ...MISTAKEN].map((mutant) => ({
  ...mutant,
  lane: 'tail-calls',
}));
