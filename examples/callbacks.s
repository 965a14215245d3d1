# Helpers that call functions of the program: bpf_loop (181) calls `each` ten times, which calls a function of twelve
# arguments and, the third time, has bpf_loop call another function. The loop ends early, where `each` returns 1.
#
#   bpf-oracle check examples/callbacks.s --engine unicorn,silicon
#
# oracle: proto each=u64,u64
# oracle: proto inner=u64,u64
# oracle: proto mix12=u64,u64,u64,u64,u64,u64,u64,u64,u64,u64,u64,u64
main:
  r6 = 61
  r7 = 71
  r8 = 81
  r9 = 91
  *(u64 *)(r10 - 8) = 1
  r1 = 10
  r2 = each ll
  r3 = r10
  r3 += -8
  r4 = 0
  call 181
  r0 *= 1000003
  r1 = *(u64 *)(r10 - 8)
  r0 ^= r1
  r0 += r6
  r0 *= r7
  r0 += r8
  r0 *= r9
  exit
each:
  r6 = r2
  r7 = r1
  *(u64 *)(r11 - 8) = r7
  *(u64 *)(r11 - 16) = 7
  *(u64 *)(r11 - 24) = 8
  *(u64 *)(r11 - 32) = 9
  *(u64 *)(r11 - 40) = 10
  *(u64 *)(r11 - 48) = r6
  *(u64 *)(r11 - 56) = 12
  r2 = 2
  r3 = 3
  r4 = 4
  r5 = 5
  call mix12
  *(u64 *)(r6 + 0) = r0
  if r7 != 2 goto +6
  r1 = 4
  r2 = inner ll
  r3 = r6
  r4 = 0
  call 181
  r0 = 0
  if r7 != 6 goto +1
  r0 = 1
  exit
inner:
  r3 = *(u64 *)(r2 + 0)
  r3 *= 31
  r3 += r1
  *(u64 *)(r2 + 0) = r3
  r0 = 0
  exit
mix12:
  r0 = *(u64 *)(r11 + 48)
  r0 = *(u64 *)(r0 + 0)
  r0 *= 31
  r0 += r1
  r1 = *(u64 *)(r11 + 8)
  r0 *= 31
  r0 += r1
  r1 = *(u64 *)(r11 + 16)
  r0 *= 31
  r0 += r1
  r1 = *(u64 *)(r11 + 56)
  r0 *= 31
  r0 += r1
  r0 *= r2
  r0 ^= r3
  r0 *= r4
  r0 += r5
  exit
