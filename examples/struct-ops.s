# A program that stands for a native function of twelve words (struct_ops): called by pointer, so that its stack
# arguments lie behind one return address. It hands all of them to a BPF function as arguments, seven on the stack.
#
# oracle: native struct_ops=u64,u64,u64,u64,u64,u64,u64,u64,u64,u64,u64,u64:u64
# oracle: proto weigh=12
main:
  r6 = r1
  r0 = *(u64 *)(r6 + 40)
  *(u64 *)(r11 - 8) = r0
  r0 = *(u64 *)(r6 + 48)
  *(u64 *)(r11 - 16) = r0
  r0 = *(u64 *)(r6 + 56)
  *(u64 *)(r11 - 24) = r0
  r0 = *(u64 *)(r6 + 64)
  *(u64 *)(r11 - 32) = r0
  r0 = *(u64 *)(r6 + 72)
  *(u64 *)(r11 - 40) = r0
  r0 = *(u64 *)(r6 + 80)
  *(u64 *)(r11 - 48) = r0
  r0 = *(u64 *)(r6 + 88)
  *(u64 *)(r11 - 56) = r0
  r1 = *(u64 *)(r6 + 0)
  r2 = *(u64 *)(r6 + 8)
  r3 = *(u64 *)(r6 + 16)
  r4 = *(u64 *)(r6 + 24)
  r5 = *(u64 *)(r6 + 32)
  call weigh
  exit

weigh:
  r0 = *(u64 *)(r11 + 8)
  r0 *= 31
  r6 = *(u64 *)(r11 + 16)
  r0 += r6
  r0 *= 31
  r6 = *(u64 *)(r11 + 24)
  r0 += r6
  r0 *= 31
  r6 = *(u64 *)(r11 + 32)
  r0 += r6
  r0 *= 31
  r6 = *(u64 *)(r11 + 40)
  r0 += r6
  r0 *= 31
  r6 = *(u64 *)(r11 + 48)
  r0 += r6
  r0 *= 31
  r6 = *(u64 *)(r11 + 56)
  r0 += r6
  r0 *= 31
  r0 += r1
  r0 *= 31
  r0 += r2
  r0 *= 31
  r0 += r3
  r0 *= 31
  r0 += r4
  r0 *= 31
  r0 += r5
  exit
