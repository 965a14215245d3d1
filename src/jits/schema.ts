/**
 * The image protocol as JSON Schema: one object a line each way. What the schema cannot say (an entry lies inside
 * the image, there is one subprog entry a subprog) is in answer.ts. docs/IMAGE-PROTOCOL.md has it in words.
 */

import { CONVENTION_NAMES } from '../bpf/calling.ts';

const HEX_BYTES = '^(?:[0-9a-fA-F]{2})+$';
const ADDRESS = '^0x[0-9a-f]{1,16}$';
const CALLEE = '^(?:helper|kfunc):-?[0-9]+$';

/** Register names an answer may use, in the order of their numbers. */
export const GPR_NAMES = [
  ...['rax', 'rcx', 'rdx', 'rbx', 'rsp', 'rbp', 'rsi', 'rdi'],
  ...['r8', 'r9', 'r10', 'r11', 'r12', 'r13', 'r14', 'r15'],
] as const;

const offset = { type: 'integer', minimum: 0 } as const;
const pairs = { type: 'array', items: { type: 'array', items: offset, minItems: 2, maxItems: 2 } } as const;
const ID = { type: 'integer', minimum: 0 } as const;

/** One program to compile. */
export const REQUEST_SCHEMA = {
  type: 'object',
  required: ['id', 'bpf', 'convention', 'subprogs', 'base', 'callees'],
  properties: {
    id: { ...ID, description: 'The answer must carry it.' },
    bpf: { type: 'string', pattern: HEX_BYTES, description: 'Instructions, 8 bytes each (RFC 9669 §3).' },
    convention: { enum: CONVENTION_NAMES, description: 'How arguments 6..12 travel in the bytecode.' },
    subprogs: { type: 'array', items: offset, minItems: 1, description: 'First slot of each; [0] is main.' },
    base: { type: 'string', pattern: ADDRESS, description: 'Address the image will run at.' },
    callees: {
      type: 'object',
      propertyNames: { pattern: CALLEE },
      additionalProperties: { type: 'string', pattern: ADDRESS },
      description: 'Address of each helper and kfunc the program calls.',
    },
    args: {
      type: 'object',
      propertyNames: { pattern: CALLEE },
      additionalProperties: { type: 'integer', minimum: 0, maximum: 12 },
      description: 'Arguments of those whose prototype is known.',
    },
    regions: {
      type: 'array',
      description:
        'Memory of the run. The first one is what r1 points to, r2 is its size; absent: both are 0.',
      items: {
        type: 'object',
        required: ['name', 'address', 'size', 'writable'],
        properties: {
          name: { type: 'string' },
          address: { type: 'string', pattern: ADDRESS },
          size: offset,
          writable: { type: 'boolean' },
        },
      },
    },
  },
} as const;

/** Its native code. */
export const IMAGE_SCHEMA = {
  type: 'object',
  required: ['id', 'image', 'entry', 'subprogEntries'],
  properties: {
    id: ID,
    image: { type: 'string', pattern: HEX_BYTES, description: 'Machine code, to be placed at `base`.' },
    entry: { ...offset, description: 'Where a caller enters: offset of main.' },
    subprogEntries: { type: 'array', items: offset, description: 'Offset of each subprog.' },
    pcMap: { ...pairs, description: '[slot, offset of its first native byte], by ascending offset.' },
    callSites: { ...pairs, description: '[slot of a call, offset of the byte after the native call].' },
    regs: {
      type: 'array',
      items: { enum: [...GPR_NAMES, null] },
      minItems: 11,
      maxItems: 11,
      description:
        'Native registers that hold r0..r10 between any two instructions; null: none, or another now and then.',
    },
    frames: {
      type: 'array',
      description: 'The frame of each subprog while its body runs.',
      items: {
        type: 'object',
        required: ['fp', 'size', 'stack'],
        properties: {
          fp: { type: 'integer', minimum: 0, description: 'Bytes from rsp at entry down to r10.' },
          size: { type: 'integer', minimum: 0, description: 'Bytes from r10 down to rsp.' },
          stack: { type: 'integer', minimum: 0, maximum: 512, description: 'Bytes of BPF stack below r10.' },
        },
      },
    },
    subprogAbi: {
      enum: ['sysv', 'own'],
      description: 'sysv: subprogs keep callee-saved registers for each other too. Default: own.',
    },
    choices: {
      type: 'object',
      description: 'Where the JIT departs from RFC 9669 on purpose. The reference follows.',
      properties: {
        divisionByZero: {
          enum: ['exit'],
          description: 'Dividing by a register that is 0 ends the program with r0 = 0.',
        },
      },
      additionalProperties: false,
    },
    callAlign: {
      enum: [8, 16],
      description: 'rsp is a multiple of this at each call of a helper or kfunc. Default: 8.',
    },
  },
} as const;

/** The JIT declines the program. */
export const REFUSAL_SCHEMA = {
  type: 'object',
  required: ['id', 'refused'],
  properties: { id: ID, refused: { type: 'string', minLength: 1, description: 'Why, in its own words.' } },
} as const;

/** The whole protocol, as schemas/image-protocol.schema.json has it. */
export const PROTOCOL_SCHEMA = {
  $schema: 'http://json-schema.org/draft-07/schema#',
  title: 'bpf-oracle image protocol: a request, or its answer',
  oneOf: [
    { title: 'request', ...REQUEST_SCHEMA },
    { title: 'image', ...IMAGE_SCHEMA },
    { title: 'refusal', ...REFUSAL_SCHEMA },
  ],
} as const;
