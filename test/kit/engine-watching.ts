/** Engine conformance: watchers. */
import { expect, it } from 'vitest';
import type { RunRequest } from '../../src/emu/engine.ts';
import { at, CODE, type Guest, RAX, RDX, RFLAGS, RSP, RSP_INDEX, registers } from './guest.ts';

export function describeWatching(guest: () => Guest): void {
  // call +6; mov ecx, 1; ret | mov eax, 3; ret
  const CALL = 'e8 06 00 00 00 b9 01 00 00 00 c3 b8 03 00 00 00 c3';

  it('calls the watcher at watched blocks, before they run', () => {
    const seen: unknown[] = [];
    const file = new BigUint64Array(17);
    guest().run(CALL, registers(), {
      watch: new Set([Number(at(11)), Number(at(5)), Number(at(0x2000))]),
      watcher: (address, cpu) => {
        cpu.readRegs(file);
        seen.push([BigInt(address) - CODE.address, cpu.reg(RAX), file[RSP_INDEX]]);
      },
    });
    expect(seen).toEqual([
      [11n, 0n, RSP - 8n],
      [5n, 3n, RSP],
    ]);
  });

  it('calls the watcher where a known start is come to again', () => {
    const seen: bigint[] = [];
    // dec esi; jnz -4; ret
    for (const isStartKnown of [true, false, true]) {
      guest().run('ff ce 75 fc c3', registers({ 6: 3n }), {
        watch: new Set([Number(at(0))]),
        isStartKnown,
        watcher: (_address, cpu) => seen.push(cpu.reg(6)),
      });
    }
    const rest = [2n, 1n];
    const known = [...rest, 3n, ...rest, ...rest];
    // An engine may show it all the same.
    expect([known, [3n, ...rest, 3n, ...rest, 3n, ...rest]]).toContainEqual(seen);
    guest().run('e8 01 00 00 00 c3 c3', registers(), {
      watch: new Set([Number(at(5))]),
      isStartKnown: true,
      watcher: () => seen.push(5n),
    });
    expect(seen.at(-1)).toBe(5n);
  });

  it('watches more blocks when asked in a run, until it ends', () => {
    const seen: number[] = [];
    const options: Partial<RunRequest> = {
      watch: new Set([Number(at(11))]),
      watcher: (address, cpu) => {
        seen.push(address - Number(CODE.address));
        cpu.watch(Number(at(5)));
      },
    };
    guest().run(CALL, registers(), options);
    expect(seen).toEqual([11, 5]);
    guest().again(registers(), { watch: new Set(), watcher: () => seen.push(-1) });
    expect(seen).toEqual([11, 5]);
  });

  it('lets the watcher set registers', () => {
    const file = new BigUint64Array(17);
    const { stop, regs } = guest().run(CALL, registers(), {
      watch: new Set([Number(at(5))]),
      watcher: (_address, cpu) => {
        cpu.readRegs(file);
        file[RDX] = 2n ** 64n - 1n;
        file[RFLAGS] = 0x8d7n;
        cpu.writeRegs(file);
        cpu.setReg(RAX, 0xffff_ffff_0000_0001n);
      },
    });
    expect(stop).toEqual({ kind: 'end' });
    expect([regs[RAX], regs[RDX], regs[RFLAGS]]).toEqual([0xffff_ffff_0000_0001n, 2n ** 64n - 1n, 0x8d7n]);
  });

  it('stops when the watcher asks, precise or not', () => {
    const watch = new Set([Number(at(5))]);
    for (const precise of [false, true]) {
      const watcher: RunRequest['watcher'] = (_address, cpu) => cpu.stop();
      const { stop, regs } = guest().run(CALL, registers(), { watch, watcher, precise });
      expect(stop).toEqual({ kind: 'stopped', rip: at(5) });
      expect([regs[RAX], regs[1]]).toEqual([3n, 0x1111_1111_1111_1111n]);
      guest().expectGoodCase();
    }
  });

  it('throws what the watcher throws', () => {
    const watch = new Set([Number(at(0))]);
    for (let i = 0; i < 100; i++) {
      const run = () =>
        guest().run('ff c1 eb fc', registers(), {
          watch,
          watcher: () => {
            throw new Error('from the watcher');
          },
        });
      expect(run).toThrow('from the watcher');
    }
    guest().expectGoodCase();
  });
}
