/** What a watcher may do with the guest while it runs under Unicorn. */
import { OracleError } from '../core/errors.ts';
import type { Cpu } from './engine.ts';
import type { Pointer } from './libunicorn.ts';
import type { RegisterAccess } from './unicorn-host.ts';

/** What the engine does for it. */
export interface RunningGuest extends Pick<Cpu, 'watch' | 'stop'> {
  /** The handle that runs; undefined between runs. */
  uc(): Pointer | undefined;
}

export function unicornCpu(registers: RegisterAccess, guest: RunningGuest): Cpu {
  const uc = (): Pointer => guest.uc() ?? notRunning();
  return {
    readRegs: (regs) => registers.read(uc(), regs),
    writeRegs: (regs) => registers.write(uc(), regs),
    reg: (gpr) => registers.readOne(uc(), gpr),
    setReg: (gpr, value) => registers.writeOne(uc(), gpr, value),
    watch: (address) => guest.watch(address),
    stop: () => guest.stop(),
  };
}

function notRunning(): never {
  throw new OracleError('usage', {
    what: 'cpu',
    where: 'engine unicorn',
    why: 'only valid while a watcher runs',
  });
}
