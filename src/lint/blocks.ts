/** Basic blocks of a function. Jumps that lead nowhere are left out: shape.ts tells of them. */
import { type Insn, slotsOf } from '../bpf/insn.ts';
import { type Program, type Subprog, targetOf } from '../bpf/program.ts';

/** A way out of a block. */
export interface Edge {
  /** Number of the block it leads to. */
  readonly to: number;
  /** Of a block that ends in a conditional jump: whether the jump is made. */
  readonly taken: boolean | undefined;
}

export interface Block {
  /** Slots [start, end). */
  readonly start: number;
  readonly end: number;
  /** Slot of its last instruction. */
  readonly last: number;
  readonly edges: readonly Edge[];
}

export interface Blocks {
  /** Block 0 is the entry. */
  readonly list: readonly Block[];
  /** Place of each block in an order that puts blocks before those they lead to, but for loops. */
  readonly rank: Int32Array;
  /** Blocks by rank. */
  readonly order: Int32Array;
  /** Blocks that lead to a block. */
  readonly into: readonly (readonly number[])[];
}

/** `neverReturns`: calls after which nothing is run. A call of the program's own functions ends a block, too. */
export function blocksOf(
  { insns }: Pick<Program, 'insns'>,
  { start, end }: Pick<Subprog, 'start' | 'end'>,
  neverReturns: (insn: Insn) => boolean,
): Blocks {
  const heads = headsOf(insns, start, end, neverReturns);
  const numbers = new Map(heads.map((slot, number) => [slot, number]));
  const list = heads.map((head, number): Block => {
    const next = heads[number + 1] ?? end;
    const last = lastOf(insns, head, next);
    const insn = insns[last];
    return { start: head, end: next, last, edges: insn === undefined ? [] : edgesOf(last, insn) };
  });

  function edgesOf(pc: number, insn: Insn): Edge[] {
    if (insn.kind === 'exit' || neverReturns(insn)) return [];
    const isConditional = insn.kind === 'jcc' || insn.kind === 'may_goto';
    const ways: Edge[] = [];
    const add = (slot: number | undefined, taken: boolean | undefined): void => {
      const to = slot === undefined ? undefined : numbers.get(slot);
      if (to !== undefined) ways.push({ to, taken });
    };
    if (insn.kind !== 'ja') add(pc + slotsOf(insn), isConditional ? false : undefined);
    if (isConditional || insn.kind === 'ja') add(targetOf(pc, insn), isConditional ? true : undefined);
    return ways;
  }

  const into: number[][] = list.map(() => []);
  list.forEach(({ edges }, from) => {
    for (const { to } of edges) into[to]?.push(from);
  });
  return { list, into, ...ranked(list) };
}

/** Slots that blocks begin at: the first, targets of jumps, what follows a jump or an end. */
function headsOf(
  insns: Program['insns'],
  start: number,
  end: number,
  neverReturns: (insn: Insn) => boolean,
): number[] {
  const heads = new Set([start]);
  const add = (slot: number): void => {
    if (slot >= start && slot < end && insns[slot] !== undefined) heads.add(slot);
  };
  for (let pc = start; pc < end; pc++) {
    const insn = insns[pc];
    if (insn === undefined) continue;
    const isJump = insn.kind === 'ja' || insn.kind === 'jcc' || insn.kind === 'may_goto';
    if (isJump) add(targetOf(pc, insn) as number);
    if (isJump || isEnd(insn) || neverReturns(insn)) add(pc + 1);
  }
  return [...heads].sort((a, b) => a - b);
}

const isEnd = (insn: Insn): boolean =>
  insn.kind === 'exit' || (insn.kind === 'call' && insn.target === 'local');

function lastOf(insns: Program['insns'], start: number, end: number): number {
  for (let pc = end - 1; pc >= start; pc--) if (insns[pc] !== undefined) return pc;
  return start;
}

/** Depth first without recursion: a function may be as long as a program. What no way leads to comes first. */
function ranked(list: readonly Block[]): Pick<Blocks, 'rank' | 'order'> {
  const UNSEEN = -1;
  const rank = new Int32Array(list.length).fill(UNSEEN);
  const order = new Int32Array(list.length);
  let place = list.length;
  for (let root = 0; root < list.length; root++) {
    if (rank[root] === UNSEEN) place = visit(root, place);
  }
  return { rank, order };

  function visit(root: number, free: number): number {
    const OPEN = list.length;
    const path = [{ block: root, edge: 0 }];
    rank[root] = OPEN;
    for (let top = path.at(-1); top !== undefined; top = path.at(-1)) {
      const to = list[top.block]?.edges[top.edge++]?.to;
      if (to === undefined) {
        path.pop();
        free--;
        rank[top.block] = free;
        order[free] = top.block;
      } else if (rank[to] === UNSEEN) {
        rank[to] = OPEN;
        path.push({ block: to, edge: 0 });
      }
    }
    return free;
  }
}
