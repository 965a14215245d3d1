# A BPF function of twelve arguments, called three times: by immediates, by registers, with one argument changed.
entry:
  *(u64 *)(r11 - 8) = 106
  *(u64 *)(r11 - 16) = 107
  *(u64 *)(r11 - 24) = 108
  *(u64 *)(r11 - 32) = 109
  *(u64 *)(r11 - 40) = 110
  *(u64 *)(r11 - 48) = 111
  *(u64 *)(r11 - 56) = 112
  r1 = 101
  r2 = 102
  r3 = 103
  r4 = 104
  r5 = 105
  call hash12
  r6 = r0
  r6 += 6
  *(u64 *)(r11 - 8) = r6
  r6 += 7
  *(u64 *)(r11 - 16) = r6
  r6 += 8
  *(u64 *)(r11 - 24) = r6
  r6 += 9
  *(u64 *)(r11 - 32) = r6
  r6 += 10
  *(u64 *)(r11 - 40) = r6
  r6 += 11
  *(u64 *)(r11 - 48) = r6
  r6 += 12
  *(u64 *)(r11 - 56) = r6
  r1 = -1
  r2 = -2
  r3 = -3
  r4 = -4
  r5 = -5
  call hash12
  r7 = r0
  # All slots are lost at a call, so all are stored again.
  *(u64 *)(r11 - 8) = 106
  *(u64 *)(r11 - 16) = 107
  *(u64 *)(r11 - 24) = 108
  *(u64 *)(r11 - 32) = r7
  *(u64 *)(r11 - 40) = 110
  *(u64 *)(r11 - 48) = 111
  *(u64 *)(r11 - 56) = 112
  r1 = 101
  r2 = 102
  r3 = 103
  r4 = 104
  r5 = 105
  call hash12
  r0 ^= r6
  exit

# h = 1; h = 31 h + argument, from the first to the twelfth
hash12:
  r0 = 1
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
  r1 = *(u64 *)(r11 + 8)
  r0 *= 31
  r0 += r1
  r1 = *(u64 *)(r11 + 16)
  r0 *= 31
  r0 += r1
  r1 = *(u64 *)(r11 + 24)
  r0 *= 31
  r0 += r1
  r1 = *(u64 *)(r11 + 32)
  r0 *= 31
  r0 += r1
  r1 = *(u64 *)(r11 + 40)
  r0 *= 31
  r0 += r1
  r1 = *(u64 *)(r11 + 48)
  r0 *= 31
  r0 += r1
  r1 = *(u64 *)(r11 + 56)
  r0 *= 31
  r0 += r1
  exit
