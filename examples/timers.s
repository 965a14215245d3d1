# Timers: main gives two of them a function and starts both. When it has returned, `tock` runs first, for its timer expires
# earlier, and cancels the other one's start to begin it anew; then `tick`, three times, for it starts its own timer again.
# Both are called as C would, with map, key and value; `tick` calls a function of twelve arguments.
#
#   bpf-oracle check examples/timers.s --engine unicorn,silicon
#
# Two elements of 32 bytes: key, timer (16 bytes), and a word that `tick` adds to.
#
# oracle: data .data 0x35d180000000 rw 01000000000000000000000000000000000000000000000064000000000000000200000000000000000000000000000000000000000000000000000000000000
# oracle: proto tick=u64,u64,u64
# oracle: proto tock=u64,u64,u64
# oracle: proto mix12=12
main:
  r6 = 0x35d180000008 ll
  r1 = r6
  r2 = 0x35d180000000 ll
  r3 = 1
  call 169
  r7 = r0
  r1 = r6
  r2 = tick ll
  call 170
  r7 |= r0
  # Without a function -EINVAL; then in 2000 ns.
  r1 = r6
  r1 += 32
  r2 = 500
  r3 = 0
  call 171
  r8 = r0
  r1 = r6
  r2 = 2000
  r3 = 0
  call 171
  r7 |= r0
  r1 = r6
  r1 += 32
  r2 = 0x35d180000000 ll
  r3 = 1
  call 169
  r7 |= r0
  r1 = r6
  r1 += 32
  r2 = tock ll
  call 170
  r7 |= r0
  r1 = r6
  r1 += 32
  r2 = 500
  r3 = 0
  call 171
  r7 |= r0
  # A second time: -EBUSY.
  r1 = r6
  r2 = 0x35d180000000 ll
  r3 = 1
  call 169
  r0 <<= 16
  r0 ^= r8
  r0 ^= r7
  exit
tock:
  r6 = r1
  r7 = *(u64 *)(r2 + 0)
  r6 += 8
  r1 = r6
  call 172
  r7 += r0
  *(u64 *)(r10 - 8) = r7
  r1 = r6
  r2 = tick ll
  call 170
  r1 = r6
  r2 = 10
  r3 = 0
  call 171
  r1 = *(u64 *)(r10 - 8)
  r2 = 0x35d180000038 ll
  *(u64 *)(r2 + 0) = r1
  r0 = 0
  exit
tick:
  r6 = r3
  r7 = *(u64 *)(r2 + 0)
  r8 = *(u64 *)(r3 + 16)
  r9 = r1
  *(u64 *)(r11 - 8) = r8
  *(u64 *)(r11 - 16) = 7
  *(u64 *)(r11 - 24) = 8
  *(u64 *)(r11 - 32) = 9
  *(u64 *)(r11 - 40) = 10
  *(u64 *)(r11 - 48) = r6
  *(u64 *)(r11 - 56) = 12
  r1 = r7
  r2 = 2
  r3 = 3
  r4 = 4
  r5 = 5
  call mix12
  r8 += 1
  *(u64 *)(r6 + 16) = r8
  r9 += 56
  r1 = *(u64 *)(r9 + 0)
  r1 ^= r0
  *(u64 *)(r9 + 0) = r1
  if r8 == 103 goto +4
  r1 = r6
  r2 = 1000
  r3 = 0
  call 171
  r0 = 0
  exit
mix12:
  r0 = *(u64 *)(r11 + 48)
  r0 = *(u64 *)(r0 + 16)
  r0 *= 31
  r0 += r1
  r1 = *(u64 *)(r11 + 8)
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
