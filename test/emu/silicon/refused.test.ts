/** A system that refuses what the engine `silicon` asks of it, as the kernel of a container or a sandbox may. */
import { afterEach, describe, expect, it, vi } from 'vitest';
import { openSilicon } from '../../../src/emu/silicon/silicon.ts';
import { guestProcesses, openFiles, siliconMissing, skippedBecause } from '../../kit/silicon.ts';

/** Requests of ptrace, which a test may spoil. */
const requests: Record<string, number> = vi.hoisted(() => ({}));

vi.mock('../../../src/emu/silicon/linux.ts', async (original) => {
  const linux = await original<typeof import('../../../src/emu/silicon/linux.ts')>();
  return { ...linux, PTRACE: Object.assign(requests, linux.PTRACE) };
});

const missing = siliconMissing();
const good = { ...requests };
/** No request of ptrace's: any kernel refuses it. */
const NO_REQUEST = 0x7fff;

describe.skipIf(missing !== undefined)(`silicon on a system that refuses${skippedBecause(missing)}`, () => {
  afterEach(() => {
    Object.assign(requests, good);
  });

  // biome-ignore format: one request a line
  it.each([
    ['sysemu',     'ptrace(SYSEMU)'],
    ['cont',       'munmap'],
    ['setOptions', 'ptrace(SETOPTIONS)'],
    ['getRegSet',  'ptrace(GETREGSET)'],
  ])('%s: an error that names what failed, at once; no guest and no open file is left', (request, what) => {
    requests[request] = NO_REQUEST;
    const files = openFiles();
    expect(() => openSilicon()).toThrow(what);
    expect(openFiles()).toBe(files);
    expect(guestProcesses()).toEqual([]);
  });
});
