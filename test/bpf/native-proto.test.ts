import { describe, expect, it } from 'vitest';
import { nativeProtoText, parseNativeProto } from '../../src/bpf/native-proto.ts';

describe('a native prototype', () => {
  it.each(['fentry=', 'fexit=u64,s32,struct16:u128', 'fexit-jmp=ptr:s8', 'struct_ops=u8:u64'])(
    '%s is read and written alike',
    (text) => {
      expect(nativeProtoText(parseNativeProto(text, 'x'))).toBe(text);
    },
  );

  it('has sizes and alignment', () => {
    const { args, result } = parseNativeProto('fexit = u8, struct12, s128 : void', 'x');
    expect(args).toEqual([
      { text: 'u8', bytes: 1, align: 8 },
      { text: 'struct12', bytes: 12, align: 8 },
      { text: 's128', bytes: 16, align: 16 },
    ]);
    expect(result).toBeUndefined();
  });

  it.each([
    ['u64', /is not KIND=type/],
    ['kprobe=u64', /kinds are fentry, fexit, fexit-jmp, struct_ops/],
    ['fentry=u7', /`u7` is no type/],
    ['fentry=struct17', /`struct17` is no type/],
    ['fentry=struct0', /`struct0` is no type/],
    ['fentry=u128,u128,u128,u128,u128,u128,u8', /13 words of 8 bytes; a trampoline takes 12/],
    ['struct_ops=u64:u128', /a program returns r0 alone/],
    ['fexit=u64:u64,u64', /more than one type to return/],
  ])('%s is refused', (text, why) => {
    expect(() => parseNativeProto(text, 'file.s')).toThrow(why);
  });
});
