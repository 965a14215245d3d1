/** What guests may do to the engine `silicon`, and that the next run never knows. Assembly stands beside the code. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { DOOR, DOOR_EXIT, DOOR_REST } from '../../../src/emu/silicon/guest-elf.ts';
import { openSilicon } from '../../../src/emu/silicon/silicon.ts';
import {
  at,
  bytes,
  CODE,
  DATA,
  Guest,
  NOWHERE,
  RAX,
  RDX,
  RFLAGS,
  RSP_INDEX,
  registers,
  STACK,
} from '../../kit/guest.ts';
import { guestProcesses, openFiles, siliconMissing, skippedBecause } from '../../kit/silicon.ts';

const missing = siliconMissing();
const RBX = 3;

const PLACES = [['anywhere'], ['at its door']] as const;
const title = `a hostile guest on silicon${skippedBecause(missing)}, whose runs end %s`;

describe.skipIf(missing !== undefined).each(PLACES)(title, (ends) => {
  let guest: Guest;
  beforeAll(() => {
    const engine = openSilicon();
    guest = new Guest(engine, ends === 'anywhere' ? undefined : engine.door);
  });
  afterAll(() => guest.engine.close());
  beforeEach(() => guest.data().fill(0));

  describe('ends like any other', () => {
    // biome-ignore format: one case a line
    it.each([
      ['jumps to itself',                        'eb fe',                                          'fuel'],
      ['repeats a string instruction for ever',  '48 c7 c1 ff ff ff ff 48 89 d7 f3 67 ac eb f1',   'read'],          // mov rcx, -1; mov rdi, rdx; rep lods [esi]; jmp
      ['overflows its stack',                    'e8 fb ff ff ff',                                 'write'],         // call $
      ['pushes with rsp 0',                      '31 e4 50',                                       'write'],         // xor esp, esp; push rax
      ['pushes with a rsp that is no address',   '48 bc 00 00 00 00 00 00 00 90 50',               'write'],
      ['writes to its host’s program',           'b8 00 00 40 00 89 00',                           'write'],         // mov eax, 0x400000; mov [rax], eax
      ['writes to the top of user memory',       '48 b8 f0 ef ff ff ff 7f 00 00 48 89 00',         'write'],
      ['writes to the kernel',                   '48 c7 c0 00 00 00 ff 48 89 00',                  'write'],
      ['exits',                                  'b8 e7 00 00 00 0f 05',                           'halt'],          // exit_group
      ['kills all it may',                       'b8 3e 00 00 00 48 c7 c7 ff ff ff ff be 09 00 00 00 0f 05', 'halt'], // kill(-1, SIGKILL)
      ['exits by int 0x80',                      'b8 01 00 00 00 cd 80',                           'interrupt'],
      ['unmaps itself',                          'b8 0b 00 00 00 31 ff 48 c7 c6 00 f0 ff ff 0f 05', 'halt'],         // munmap
      ['disables interrupts',                    'fa',                                             'halt'],
      ['reads a port',                           'ec',                                             'halt'],
      ['writes a machine register',              '0f 30',                                          'halt'],
      ['returns from an interrupt to nowhere',   '48 cf',                                          'interrupt'],
      ['loads a bad stack segment',              '31 c0 8e d0',                                    'interrupt'],
      ['divides the smallest number by -1',      '48 b8 00 00 00 00 00 00 00 80 48 99 48 c7 c1 ff ff ff ff 48 f7 f9', 'divide'],
      ['is no instruction',                      '06',                                             'illegal'],
      ['locks what cannot be locked',            'f0 89 c0',                                       'illegal'],
    ])('%s', (_name, code, kind) => {
      const first = guest.run(code).stop;
      expect(first.kind).toBe(kind);
      guest.expectGoodCase();
      expect(guest.run(code).stop).toEqual(first);
      guest.expectGoodCase();
    });

    it('calls the page that started it', () => {
      for (const page of [0x6b3d_51c7_e000n, 0x6b3d_51c7_e100n, 0x6b3d_51c7_e180n, 0x6b3d_51c7_f000n]) {
        expect(guest.run('ff d2', registers({ [RDX]: page })).stop.kind).toBe('fetch'); // call rdx
        guest.expectGoodCase();
      }
    });

    it.each([
      ['to its int3', DOOR_REST - 1n, 'fetch'],
      [
        'out of it, or in again',
        ends === 'anywhere' ? DOOR : DOOR_REST,
        ends === 'anywhere' ? 'fetch' : 'fuel',
      ],
    ])('goes to the door by itself: %s', (_name, place, kind) => {
      expect(guest.run('ff e2', registers({ [RDX]: place })).stop.kind).toBe(kind); // jmp rdx
      guest.expectGoodCase();
    });

    it('spoils what the door says', () => {
      // mov [rdx], rdx; mov [rdx + 136], 1; ret: the mark is set, and the guest is not there
      const spoilt = guest.run(
        '48 89 12 48 c7 82 88 00 00 00 01 00 00 00 c3',
        registers({ [RDX]: DOOR_EXIT }),
      );
      expect(spoilt.stop).toEqual({ kind: 'end' });
      expect(spoilt.regs[RDX]).toBe(DOOR_EXIT);
      const trap = guest.run('c7 82 88 00 00 00 01 00 00 00 cc', registers({ [RDX]: DOOR_EXIT }));
      if (ends === 'anywhere') expect(trap.stop).toEqual({ kind: 'interrupt', vector: 3, rip: at(11) });
      guest.expectGoodCase();
    });

    it('goes to 32-bit mode and stays there', () => {
      // push 0x2b; push rsp; pushf; push 0x23; push L; iretq; L: jmp L
      const { stop } = guest.run(
        'bc 00 20 00 50 6a 2b 68 00 20 00 50 9c 6a 23 68 13 00 00 40 48 cf eb fe',
        registers(),
      );
      expect(['fuel', 'write', 'interrupt']).toContain(stop.kind);
      guest.expectGoodCase();
    });
  });

  describe('leaves no state', () => {
    it.each([false, true])('of the trap flag (precise: %s)', (precise) => {
      // pushf; or dword [rsp], 0x100; popf; nop; nop; nop: the trap comes after the instruction after popf
      const { stop } = guest.run('9c 81 0c 24 00 01 00 00 9d 90 90 90 c3', registers(), { precise });
      expect(stop).toEqual({ kind: 'interrupt', vector: 1, rip: at(10) });
      guest.expectGoodCase();
      expect(guest.run('9c 58 c3', registers(), { precise }).regs[RAX]).toBe(0x202n); // pushf; pop rax
    });

    it('of the alignment check flag', () => {
      // pushf; or dword [rsp], 0x40000; popf; mov eax, [rdx + 1]
      const { stop } = guest.run('9c 81 0c 24 00 00 04 00 9d 8b 42 01', registers({ [RDX]: DATA.address }));
      expect(stop).toEqual({ kind: 'interrupt', vector: 17, rip: at(9) });
      expect(guest.run('8b 42 01 c3', registers({ [RDX]: DATA.address })).stop.kind).toBe('end');
    });

    it('of the direction flag', () => {
      expect(guest.run('fd 0f 0b').stop.kind).toBe('illegal'); // std; ud2
      expect((guest.run('c3').regs[RFLAGS] ?? 0n) & 0x400n).toBe(0n);
    });

    it('of vector registers and their control', () => {
      // push 0; ldmxcsr [rsp]; xorps xmm0, xmm0; xorps xmm1, xmm1; divss xmm0, xmm1: unmasked, 0 / 0
      const { stop } = guest.run('6a 00 0f ae 14 24 0f 57 c0 0f 57 c9 f3 0f 5e c1');
      expect(stop).toEqual({ kind: 'interrupt', vector: 19, rip: at(12) });
      expect(guest.run('0f 57 c0 0f 57 c9 f3 0f 5e c1 c3').stop.kind).toBe('end');
      guest.run('66 48 0f 6e c3 c3', registers({ [RBX]: 7n })); // movq xmm0, rbx
      expect(guest.run('66 48 0f 7e c0 c3').regs[RAX]).toBe(0n); // movq rax, xmm0
    });

    it('of the x87', () => {
      // push 0; fldcw [rsp]; fldz; fld1; fdivp; fwait: unmasked, 1 / 0
      const { stop } = guest.run('6a 00 d9 2c 24 d9 e8 d9 ee de f9 9b');
      expect(stop).toMatchObject({ kind: 'interrupt', vector: 16 });
      expect(guest.run('d9 e8 d9 ee de f9 9b dd d8 c3').stop.kind).toBe('end');
    });

    it('of segment registers and their bases', () => {
      guest.run('b8 2b 00 00 00 8e e0 8e e8 c3'); // mov fs, 0x2b; mov gs, 0x2b
      expect(guest.run('8c e0 8c eb c3').regs[RAX]).toBe(0n); // mov eax, fs
      const set = guest.run('f3 48 0f ae d2 c3', registers({ [RDX]: DATA.address })).stop.kind; // wrfsbase rdx
      expect(['end', 'illegal', 'unsupported']).toContain(set);
      // mov rax, fs:[0]
      expect(guest.run('64 48 8b 04 25 00 00 00 00 c3').stop).toMatchObject({ kind: 'read', address: 0n });
    });
  });

  describe('at a watched address', () => {
    // biome-ignore format: one case a line
    it.each([
      ['ret',                    'c3',                            'end'],
      ['a jump',                 'eb 00 c3',                      'end'],
      ['a far jump forward',     'e9 02 00 00 00 90 90 c3',       'end'],
      ['a conditional jump',     '74 00 c3',                      'end'],
      ['a call',                 'e8 00 00 00 00 58 c3',          'end'],             // call next; pop rax
      ['an indirect call',       '48 8d 05 03 00 00 00 ff d0 c3 58 c3', 'end'],       // lea rax, [rip + 3]; call rax; ret; pop rax
      ['a load relative to rip', '48 8b 05 f9 ff ff ff c3',       'end'],             // mov rax, [rip - 7]
      ['int3',                   'cc',                            'interrupt'],
      ['int3 under a prefix',    '66 cc',                         'interrupt'],
      ['int 3 in two bytes',     'cd 03',                         'interrupt'],
      ['int1',                   'f1',                            'interrupt'],
      ['syscall',                '0f 05',                         'halt'],
      ['hlt',                    'f4',                            'halt'],
      ['ud2',                    '0f 0b',                         'illegal'],
      ['a wild load',            '48 8b 01',                      'read'],            // mov rax, [rcx]
      ['a string instruction',   'f3 48 ab c3',                   'end'],             // rep stosq
      ['pushf',                  '9c 58 c3',                      'end'],
      ['an endless loop',        'eb fe',                         'fuel'],
    ])('does as unwatched, called once each time: %s', (_name, code, kind) => {
      const regs = registers({ 1: _name === 'a wild load' ? NOWHERE : 3n, 7: DATA.address });
      const plain = guest.run(code, regs);
      expect(plain.stop.kind).toBe(kind);
      guest.data().fill(0);
      let calls = 0;
      const watched = guest.run(code, regs, { watch: new Set([Number(at(0))]), watcher: () => calls++ });
      expect([watched.stop, ...watched.regs]).toEqual([plain.stop, ...plain.regs]);
      if (kind === 'fuel') expect(calls).toBeGreaterThan(100);
      else expect(calls).toBe(1);
      expect(Buffer.from(guest.code().subarray(0, bytes(code).length))).toEqual(Buffer.from(bytes(code)));
    });

    it('watches as many as are asked for', () => {
      const watch = new Set(Array.from({ length: 1000 }, (_, i) => Number(at(i))));
      let calls = 0;
      const { stop } = guest.run(`${'90'.repeat(999)} c3`, registers(), { watch, watcher: () => calls++ });
      expect([stop.kind, calls]).toEqual(['end', 1000]);
    });

    it('does not write over what the guest wrote there', () => {
      const region = { name: 'jit', address: 0x5800_0000n, size: 0x1000, perms: 'rwx' } as const;
      const view = guest.engine.map(region);
      // mov byte [rip], 0xc3; nop: becomes ret
      guest.engine.load(region.address, bytes('c6 05 00 00 00 00 c3 90'));
      const watch = new Set([0x5800_0007]);
      expect(guest.again(registers(), { start: region.address, watch }).stop.kind).toBe('end');
      expect(view()[7]).toBe(0xc3);
      guest.engine.unmap(region);
    });
  });

  describe('many times over', () => {
    it('takes no process, file or memory with it', () => {
      const codes = ['0f 0b', '0f 05', '31 e4 50', 'e8 fb ff ff ff', 'cc', '31 f6 f7 f6', 'f4', 'ff e2'];
      const once = (i: number): void => {
        guest.run(codes[i % codes.length] ?? '', registers({ [RDX]: NOWHERE }));
      };
      for (let i = 0; i < 200; i++) once(i);
      const before = { processes: guestProcesses(), files: openFiles(), rss: process.memoryUsage.rss() };
      for (let i = 0; i < 1000; i++) once(i);
      expect(guestProcesses()).toEqual(before.processes);
      expect(openFiles()).toBe(before.files);
      expect(process.memoryUsage.rss() - before.rss).toBeLessThan(32 << 20);
      guest.expectGoodCase();
    });

    it('is opened and closed', () => {
      const once = (): void => {
        const other = new Guest(openSilicon());
        other.expectGoodCase();
        other.engine.close();
      };
      once();
      const before = [guestProcesses(), openFiles()];
      for (let i = 0; i < 50; i++) once();
      expect([guestProcesses(), openFiles()]).toEqual(before);
    });

    it('loops for ever', () => {
      for (let i = 0; i < 30; i++) expect(guest.run('eb fe').stop).toEqual({ kind: 'fuel', rip: at(0) });
      guest.expectGoodCase();
    });
  });

  describe('and the system', () => {
    it('may be killed: the run says so, the next one has a new process', () => {
      const before = guestProcesses();
      const own = new Guest(openSilicon());
      const [pid = 0] = guestProcesses().filter((each) => !before.includes(each));
      own.expectGoodCase();
      process.kill(pid, 'SIGKILL');
      const message = "the guest's process was killed by signal 9";
      expect(own.run('c3').stop).toMatchObject({ kind: 'error', message });
      own.expectGoodCase();
      process.kill(guestProcesses().find((each) => !before.includes(each)) ?? 0, 'SIGKILL');
      own.engine.unmap(DATA);
      own.expectGoodCase();
      own.engine.close();
      expect(guestProcesses()).toEqual(before);
    });

    it('takes no signal', () => {
      for (const pid of guestProcesses())
        for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGSTOP', 'SIGCONT'] as const)
          process.kill(pid, name);
      guest.expectGoodCase();
    });

    it('sees its stack end where its region does', () => {
      // push rax; jmp -3
      const { stop, regs } = guest.run('50 eb fd');
      expect(stop).toEqual({ kind: 'write', address: STACK.address - 8n, size: 8, rip: CODE.address });
      expect(regs[RSP_INDEX]).toBe(STACK.address);
    });
  });
});
