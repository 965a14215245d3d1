/** The schema as others read it, and our own requests held against it. */
import { readFileSync } from 'node:fs';
import { Ajv } from 'ajv';
import { describe, expect, it } from 'vitest';
import { CONVENTION_NAMES } from '../../src/bpf/calling.ts';
import { decode } from '../../src/bpf/decode.ts';
import { buildProgram } from '../../src/bpf/program.ts';
import { caseAt } from '../../src/fuzz/generate.ts';
import { defaultAddresses } from '../../src/jit/compile.ts';
import { requestOf } from '../../src/jits/request.ts';
import { PROTOCOL_SCHEMA, REQUEST_SCHEMA } from '../../src/jits/schema.ts';

import { add, exit, link, mov, passArg, sub, takeArg } from '../kit/insns.ts';

const file = new URL('../../schemas/image-protocol.schema.json', import.meta.url);

describe('the image protocol', () => {
  it('is published as it is checked; else write JSON.stringify(PROTOCOL_SCHEMA, null, 2) there', () => {
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual(PROTOCOL_SCHEMA);
  });

  it.each(CONVENTION_NAMES)('asks for programs of convention %s in its own form', (convention) => {
    const valid = new Ajv({ strict: false }).compile(REQUEST_SCHEMA);
    const program = link([
      [mov('r1', 1), passArg(6, 60), passArg(7, 'r1'), sub(1), exit],
      [takeArg('r0', 6), takeArg('r2', 7), add('r0', 'r2'), exit],
    ]);
    const addressOf = defaultAddresses(program);
    const request = requestOf(1, { ...program, convention }, { contextSize: 0, addressOf });
    valid(request);
    expect(valid.errors).toBeNull();
    expect(request.convention).toBe(convention);
    const written = decode(Uint8Array.from(Buffer.from(request.bpf, 'hex')));
    const bases = new Set(written.flatMap((insn) => (insn?.kind === 'ldx' ? [insn.src] : [])));
    expect([...bases]).toEqual([convention === 'linux' ? 11 : 12]);
    expect(buildProgram(written, { convention }).insns).toEqual(program.insns);
  });

  it('is kept by what we ask', () => {
    const valid = new Ajv({ strict: false }).compile(REQUEST_SCHEMA);
    for (let index = 0; index < 200; index++) {
      const { program, input } = caseAt(5, { index, choices: [] });
      const addressOf = defaultAddresses(program);
      valid(requestOf(index, program, { contextSize: input.memory.length, addressOf }));
      expect(valid.errors).toBeNull();
    }
  });
});
