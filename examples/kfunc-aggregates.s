# A kernel function that takes a struct of 16 bytes and an __int128 by value, and returns 16 bytes. BPF has them as
# words, one after the other; C wants the struct, which no longer fits into the sixth register, on the stack, the scalar
# behind it in that register, and the __int128 at an even word. The second word returned is in r2.
#
# oracle: proto mixed=u64,u64,u64,u64,u64,struct16,u32,u64,u128:u128
main:
  r1 = 106
  *(u64 *)(r11 - 8) = r1
  r1 = 107
  *(u64 *)(r11 - 16) = r1
  r1 = 108
  *(u64 *)(r11 - 24) = r1
  r1 = 109
  *(u64 *)(r11 - 32) = r1
  r1 = 110
  *(u64 *)(r11 - 40) = r1
  r1 = 111
  *(u64 *)(r11 - 48) = r1
  r1 = 101
  r2 = 102
  r3 = 103
  r4 = 104
  r5 = 105
  call mixed
  r0 *= 31
  r0 += r2
  exit
