/** Bundles as JSON Schema: an image of a kernel as files. docs/IMAGE-BUNDLES.md has it in words. */
import { IMAGE_SCHEMA } from '../schema.ts';

const ADDRESS = { type: 'string', pattern: '^0x[0-9a-fA-F]{1,16}$' } as const;
const FILE = { type: 'string', minLength: 1 } as const;
const { pcMap, callSites, regs, frames, subprogAbi, callAlign, choices } = IMAGE_SCHEMA.properties;

export const BUNDLE_SCHEMA = {
  $schema: 'http://json-schema.org/draft-07/schema#',
  title: 'bpf-oracle image bundle; files are relative to it',
  type: 'object',
  required: ['schema', 'bytecode', 'image', 'jited_ksyms'],
  properties: {
    schema: { const: 'bpf-oracle/image-bundle@1' },
    bytecode: { ...FILE, description: 'The program, in any form that `bpf-oracle check` reads.' },
    image: {
      ...FILE,
      description: 'Its native code: raw, or JSON of `bpftool --json prog dump jited … opcodes`.',
    },
    jited_ksyms: {
      type: 'array',
      items: ADDRESS,
      minItems: 1,
      description: 'Address of each function (struct bpf_prog_info); [0] is main.',
    },
    jited_func_lens: {
      type: 'array',
      items: { type: 'integer', minimum: 1 },
      minItems: 1,
      description: 'Bytes of each function. Default: as the JSON has them, else one function.',
    },
    map: { ...FILE, description: 'Lines of /proc/kallsyms: what the image refers to.' },
    ...{ pcMap, callSites, regs, frames, subprogAbi, callAlign, choices },
  },
  additionalProperties: false,
} as const;
