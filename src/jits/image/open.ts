/** `image:`: an image that a kernel made, of one program, as a JIT that has compiled just that. */
import { encode } from '../../bpf/encode.ts';
import type { Callee, Program } from '../../bpf/program.ts';
import { calleeKey } from '../../core/env.ts';
import { badInput, OracleError } from '../../core/errors.ts';
import type { Image } from '../../core/image.ts';
import { KERNEL_DATA_BASE } from '../../core/layout.ts';
import type { U64 } from '../../core/u64.ts';
import { understand } from '../answer.ts';
import type { Jit } from '../jit.ts';
import type { CompileInput } from '../request.ts';
import { type Bundle, readBundle } from './bundle.ts';
import type { KernelSymbol } from './kallsyms.ts';
import { relocate } from './relocate.ts';

/** Of what nobody named, so much is told. */
const MAX_UNKNOWN = 8;

/** Reads the bundle. Throws an `input` error that says what is wrong in it. */
export function openImageBundle(path: string): Jit {
  const bundle = readBundle(path);
  const name = `image:${path}`;
  const code = encode(bundle.program.insns);
  return {
    name,
    compile: (program, input) => {
      if (Buffer.compare(encode(program.insns), code) !== 0)
        throw badInput(name, 'refused', "the bundle's image is of another program");
      return imageOf(bundle, { name, program, input });
    },
    close: () => undefined,
  };
}

interface Wanted {
  readonly name: string;
  readonly program: Program;
  readonly input: CompileInput;
}

function imageOf({ functions, symbols, more }: Bundle, { name, program, input }: Wanted): Image {
  const calleeOf = (symbol: KernelSymbol): U64 | undefined => {
    const callee = [...program.callees.values()].find((each) => isCallee(symbol, each));
    return callee === undefined ? undefined : input.addressOf(callee);
  };
  const moved = relocate(functions, { symbols, calleeOf, constants: constantsOf(program) });
  if (moved.kind === 'unknown') {
    const shown = moved.what.slice(0, MAX_UNKNOWN).join(', ');
    const rest = moved.what.length - MAX_UNKNOWN;
    const why = `its map names nothing for ${shown}${rest > 0 ? ` and ${rest} more` : ''}`;
    throw new OracleError('jit', { what: 'compile', where: name, why });
  }
  const answer = {
    id: 0,
    image: Buffer.from(moved.code).toString('hex'),
    entry: 0,
    subprogEntries: functions.map(({ offset }) => offset),
    ...more,
  };
  const understood = understand(JSON.stringify(answer), { id: 0, jit: name, program });
  if (understood.kind !== 'image') throw badInput('read bundle', name, understood.why);
  const { image } = understood;
  return moved.data.length === 0
    ? image
    : { ...image, memory: { address: KERNEL_DATA_BASE, bytes: moved.data } };
}

/** A symbol without a number is whatever the program calls by its name. */
const isCallee = (symbol: KernelSymbol, callee: Callee): boolean =>
  symbol.callee === undefined ? symbol.name === callee.name : symbol.callee === calleeKey(callee);

function constantsOf({ insns }: Program): ReadonlySet<U64> {
  return new Set(insns.flatMap((insn) => (insn?.kind === 'lddw' ? [insn.imm] : [])));
}
