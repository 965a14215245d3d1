/**
 * The rules, as data: the message of Linux's verifier for each, word for word (`%d`, `%u`, `%s`, `%02x` stand for a
 * finding's `values`, in order), and where it comes from. A message of our own is marked in its source.
 *
 * `contract` rules are those of stack arguments: a program that breaks one is refused before it is judged.
 * `general` rules are what a verdict needs besides.
 */
export interface RuleRow {
  readonly id: string;
  readonly scope: 'contract' | 'general';
  readonly message: string;
  readonly source: string;
}

const OWN = 'bpf-oracle (Linux has no message for it)';

// biome-ignore format: a table
export const RULES = [
  // What an instruction that names r11 may look like.
  { id: 'base-only',        scope: 'contract', message: 'R%d is invalid', source: 'linux 78bbe61632f1 check_and_resolve_insns(); seed patch 01' },
  { id: 'mode',             scope: 'contract', message: 'R%d is invalid', source: 'linux 78bbe61632f1 is_stack_arg_ldx()' },
  { id: 'width',            scope: 'contract', message: 'R%d is invalid', source: 'linux 78bbe61632f1 is_stack_arg_ldx(), _st(), _stx()' },
  { id: 'alignment',        scope: 'contract', message: 'R%d is invalid', source: 'linux 78bbe61632f1 is_stack_arg_ldx(), _st(), _stx()' },
  { id: 'sign',             scope: 'contract', message: 'R%d is invalid', source: 'linux 78bbe61632f1 is_stack_arg_ldx(), _st(), _stx()' },
  { id: 'range',            scope: 'contract', message: 'stack arg write offset %d exceeds max %d stack args', source: 'linux 0f6bd5e7a804 check_stack_arg_write(); seed patch 03' },

  // What prototypes may say.
  { id: 'max-args',         scope: 'contract', message: 'kernel supports at most %d parameters, function %s has %d', source: 'linux 4439328d3878, 0f6bd5e7a804 btf_prepare_func_args(); seed patch 02' },
  { id: 'max-kfunc-args',   scope: 'contract', message: 'The function %s has %d arguments. Too many.', source: 'linux btf_distill_func_proto()' },
  { id: 'global-function',  scope: 'contract', message: 'global function %s has %d > %d args, stack args not supported', source: 'linux 0f6bd5e7a804 btf_prepare_func_args()' },
  { id: 'helper-args',      scope: 'contract', message: 'helper %s has %d > %d args', source: OWN },
  { id: 'big-argument',     scope: 'contract', message: 'Unrecognized %s type %s', source: 'linux e0b7b91c72db check_kfunc_args(); seed patch 10' },
  { id: 'value-size',       scope: 'contract', message: '%s type %s has size %u, only 1 to %d bytes can be passed by value', source: 'linux get_kfunc_arg_type(), in development' },
  { id: 'value-members',    scope: 'contract', message: '%s type %s is not composed of scalars', source: 'linux get_kfunc_arg_type(), in development' },
  { id: 'split-argument',   scope: 'contract', message: 'function %s has stack args and takes arg#%d of %d bytes by value', source: OWN },
  { id: 'prototype',        scope: 'contract', message: '%s is stated to take %d args, but its BTF has %d', source: OWN },

  // How arguments are passed.
  { id: 'late-load',        scope: 'contract', message: 'r11 load must be before any r11 store or call insn', source: 'linux 0f6bd5e7a804 check_stack_arg_read()' },
  { id: 'excess-load',      scope: 'contract', message: 'invalid read from stack arg off %d depth %d', source: 'linux 0f6bd5e7a804 check_stack_arg_read(); seed patch 03' },
  { id: 'missing-argument', scope: 'contract', message: 'callee expects %d args, stack arg%d is not initialized', source: 'linux 0f6bd5e7a804 check_outgoing_stack_args(); seed patches 03, 05' },
  { id: 'stale-argument',   scope: 'contract', message: 'callee expects %d args, stack arg%d is not initialized', source: 'linux 0f6bd5e7a804 invalidate_outgoing_stack_args()' },
  { id: 'unneeded-store',   scope: 'contract', message: 'func#%d writes %u stack arg slots, but calls only require %u', source: 'linux 0f6bd5e7a804 bpf_fixup_call_args()' },
  { id: 'invalid-args',     scope: 'contract', message: "Caller passes invalid args into func#%d ('%s')", source: 'linux check_func_call()' },

  // What stack arguments do not go with.
  { id: 'tail-call',        scope: 'contract', message: 'tail_calls are not allowed in programs with stack args', source: 'linux 35b78733160c check_max_stack_depth_subprog()' },
  { id: 'callback-args',    scope: 'contract', message: 'callee expects %d args, stack arg%d is not initialized', source: 'linux 0f6bd5e7a804 push_callback_call()' },
  { id: 'pad-argument',     scope: 'contract', message: 'on-stack call argument in an exception cleanup landing pad', source: 'bpf_check_cleanup_insn(), in development' },
  { id: 'private-stack',    scope: 'contract', message: 'func#%d has stack args, which leave no r9 for a private stack', source: 'bpf-oracle; linux cb6af5314056 gives such a function none' },
  { id: 'no-jit',           scope: 'contract', message: 'stack args are not supported in non-JITed programs', source: 'linux dc8f1cf6787c bpf_fixup_call_args(); seed patch 06' },
  { id: 'no-jit-kfunc',     scope: 'contract', message: 'calling kernel functions are not allowed in non-JITed programs', source: 'linux bpf_fixup_call_args()' },
  { id: 'no-jit-callback',  scope: 'contract', message: 'callbacks are not allowed in non-JITed programs', source: 'linux bpf_fixup_call_args()' },

  // Whether a program is one.
  { id: 'reserved-field',   scope: 'general',  message: '%s uses reserved fields', source: 'linux check_insn_fields(); RFC 9669 §3' },
  { id: 'ld-imm64',         scope: 'general',  message: 'invalid bpf_ld_imm64 insn', source: 'linux check_and_resolve_insns()' },
  { id: 'opcode',           scope: 'general',  message: 'unknown opcode %02x', source: 'linux check_and_resolve_insns()' },
  { id: 'fall-through',     scope: 'general',  message: 'last insn is not an exit or jmp', source: 'linux check_subprogs()' },
  { id: 'jump-range',       scope: 'general',  message: 'jump out of range from insn %d to %d', source: 'linux check_subprogs()' },
  { id: 'jump-middle',      scope: 'general',  message: 'jump into the middle of ldimm64 insn %d', source: 'linux check_cfg()' },
  { id: 'no-exit',          scope: 'general',  message: 'infinite loop detected at insn %d', source: 'linux is_state_visited()' },
  { id: 'frame-depth',      scope: 'general',  message: 'the call stack of %d frames is too deep', source: 'linux setup_func_entry(); MAX_CALL_FRAMES' },
  { id: 'stack-depth',      scope: 'general',  message: 'combined stack size of %d calls is %d. Too large', source: 'linux check_max_stack_depth_subprog()' },
  { id: 'callback-tail-call', scope: 'general', message: 'cannot tail call within callback', source: 'linux check_max_stack_depth_subprog()' },
  { id: 'callback-throw',   scope: 'general',  message: 'bpf_throw kfunc (insn %d) cannot be called from callback subprog %d', source: 'linux check_max_stack_depth_subprog()' },
  { id: 'exception-call',   scope: 'general',  message: 'insn %d cannot call exception cb directly', source: 'linux b9ae0c9dd0ac check_max_stack_depth_subprog()' },
  { id: 'exception-args',   scope: 'general',  message: 'exception cb only supports single integer argument', source: 'linux do_check_common()' },

  // What may be read and written.
  { id: 'unset-register',   scope: 'general',  message: 'R%d !read_ok', source: 'linux check_reg_arg()' },
  { id: 'read-only-fp',     scope: 'general',  message: 'frame pointer is read only', source: 'linux check_reg_arg()' },
  { id: 'unset-stack',      scope: 'general',  message: 'invalid read from stack off %d+%d size %d', source: 'linux check_stack_read_fixed_off()' },
  { id: 'stack-bounds',     scope: 'general',  message: 'invalid%s stack R%d off=%d size=%d', source: 'linux check_stack_access_within_bounds()' },
  { id: 'no-address',       scope: 'general',  message: "R%d invalid mem access '%s'", source: 'linux check_mem_access()' },
] as const satisfies readonly RuleRow[];

export type Rule = (typeof RULES)[number];
export type RuleId = Rule['id'];
export type RuleScope = Rule['scope'];

const BY_ID: ReadonlyMap<RuleId, Rule> = new Map(RULES.map((rule) => [rule.id, rule]));

export function ruleOf(id: RuleId): Rule {
  const rule = BY_ID.get(id);
  if (rule === undefined) throw new RangeError(`no such rule: ${id}`);
  return rule;
}
