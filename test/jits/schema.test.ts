/** The schema as others read it, and our own requests held against it. */
import { readFileSync } from 'node:fs';
import { Ajv } from 'ajv';
import { describe, expect, it } from 'vitest';
import { caseAt } from '../../src/fuzz/generate.ts';
import { defaultAddresses } from '../../src/jit/compile.ts';
import { requestOf } from '../../src/jits/request.ts';
import { PROTOCOL_SCHEMA, REQUEST_SCHEMA } from '../../src/jits/schema.ts';

const file = new URL('../../schemas/image-protocol.schema.json', import.meta.url);

describe('the image protocol', () => {
  it('is published as it is checked; else write JSON.stringify(PROTOCOL_SCHEMA, null, 2) there', () => {
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual(PROTOCOL_SCHEMA);
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
