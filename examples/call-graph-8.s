# Eight frames, the most there may be. Each function takes twelve arguments and passes them on, turned by one
# and the first increased by its depth; on the way back it mixes in its own twelfth argument.
level0:
  *(u64 *)(r11 - 8) = 36
  *(u64 *)(r11 - 16) = 49
  *(u64 *)(r11 - 24) = 64
  *(u64 *)(r11 - 32) = 81
  *(u64 *)(r11 - 40) = 100
  *(u64 *)(r11 - 48) = 121
  *(u64 *)(r11 - 56) = 144
  r1 = 1
  r2 = 4
  r3 = 9
  r4 = 16
  r5 = 25
  call level1
  exit

level1:
  # Arguments 6..12: all loads come before the first store to a slot.
  r6 = *(u64 *)(r11 + 8)
  r7 = *(u64 *)(r11 + 16)
  r8 = *(u64 *)(r11 + 24)
  r9 = *(u64 *)(r11 + 32)
  r0 = *(u64 *)(r11 + 40)
  *(u64 *)(r10 - 8) = r0
  r0 = *(u64 *)(r11 + 48)
  *(u64 *)(r10 - 16) = r0
  r0 = *(u64 *)(r11 + 56)
  *(u64 *)(r10 - 24) = r0
  *(u64 *)(r11 - 8) = r7
  *(u64 *)(r11 - 16) = r8
  *(u64 *)(r11 - 24) = r9
  r0 = *(u64 *)(r10 - 8)
  *(u64 *)(r11 - 32) = r0
  r0 = *(u64 *)(r10 - 16)
  *(u64 *)(r11 - 40) = r0
  r0 = *(u64 *)(r10 - 24)
  *(u64 *)(r11 - 48) = r0
  *(u64 *)(r11 - 56) = r1
  r1 = r2
  r1 += 1
  r2 = r3
  r3 = r4
  r4 = r5
  r5 = r6
  call level2
  r1 = *(u64 *)(r10 - 24)
  r0 *= 31
  r0 += r1
  exit

level2:
  # Arguments 6..12: all loads come before the first store to a slot.
  r6 = *(u64 *)(r11 + 8)
  r7 = *(u64 *)(r11 + 16)
  r8 = *(u64 *)(r11 + 24)
  r9 = *(u64 *)(r11 + 32)
  r0 = *(u64 *)(r11 + 40)
  *(u64 *)(r10 - 8) = r0
  r0 = *(u64 *)(r11 + 48)
  *(u64 *)(r10 - 16) = r0
  r0 = *(u64 *)(r11 + 56)
  *(u64 *)(r10 - 24) = r0
  *(u64 *)(r11 - 8) = r7
  *(u64 *)(r11 - 16) = r8
  *(u64 *)(r11 - 24) = r9
  r0 = *(u64 *)(r10 - 8)
  *(u64 *)(r11 - 32) = r0
  r0 = *(u64 *)(r10 - 16)
  *(u64 *)(r11 - 40) = r0
  r0 = *(u64 *)(r10 - 24)
  *(u64 *)(r11 - 48) = r0
  *(u64 *)(r11 - 56) = r1
  r1 = r2
  r1 += 2
  r2 = r3
  r3 = r4
  r4 = r5
  r5 = r6
  call level3
  r1 = *(u64 *)(r10 - 24)
  r0 *= 31
  r0 += r1
  exit

level3:
  # Arguments 6..12: all loads come before the first store to a slot.
  r6 = *(u64 *)(r11 + 8)
  r7 = *(u64 *)(r11 + 16)
  r8 = *(u64 *)(r11 + 24)
  r9 = *(u64 *)(r11 + 32)
  r0 = *(u64 *)(r11 + 40)
  *(u64 *)(r10 - 8) = r0
  r0 = *(u64 *)(r11 + 48)
  *(u64 *)(r10 - 16) = r0
  r0 = *(u64 *)(r11 + 56)
  *(u64 *)(r10 - 24) = r0
  *(u64 *)(r11 - 8) = r7
  *(u64 *)(r11 - 16) = r8
  *(u64 *)(r11 - 24) = r9
  r0 = *(u64 *)(r10 - 8)
  *(u64 *)(r11 - 32) = r0
  r0 = *(u64 *)(r10 - 16)
  *(u64 *)(r11 - 40) = r0
  r0 = *(u64 *)(r10 - 24)
  *(u64 *)(r11 - 48) = r0
  *(u64 *)(r11 - 56) = r1
  r1 = r2
  r1 += 3
  r2 = r3
  r3 = r4
  r4 = r5
  r5 = r6
  call level4
  r1 = *(u64 *)(r10 - 24)
  r0 *= 31
  r0 += r1
  exit

level4:
  # Arguments 6..12: all loads come before the first store to a slot.
  r6 = *(u64 *)(r11 + 8)
  r7 = *(u64 *)(r11 + 16)
  r8 = *(u64 *)(r11 + 24)
  r9 = *(u64 *)(r11 + 32)
  r0 = *(u64 *)(r11 + 40)
  *(u64 *)(r10 - 8) = r0
  r0 = *(u64 *)(r11 + 48)
  *(u64 *)(r10 - 16) = r0
  r0 = *(u64 *)(r11 + 56)
  *(u64 *)(r10 - 24) = r0
  *(u64 *)(r11 - 8) = r7
  *(u64 *)(r11 - 16) = r8
  *(u64 *)(r11 - 24) = r9
  r0 = *(u64 *)(r10 - 8)
  *(u64 *)(r11 - 32) = r0
  r0 = *(u64 *)(r10 - 16)
  *(u64 *)(r11 - 40) = r0
  r0 = *(u64 *)(r10 - 24)
  *(u64 *)(r11 - 48) = r0
  *(u64 *)(r11 - 56) = r1
  r1 = r2
  r1 += 4
  r2 = r3
  r3 = r4
  r4 = r5
  r5 = r6
  call level5
  r1 = *(u64 *)(r10 - 24)
  r0 *= 31
  r0 += r1
  exit

level5:
  # Arguments 6..12: all loads come before the first store to a slot.
  r6 = *(u64 *)(r11 + 8)
  r7 = *(u64 *)(r11 + 16)
  r8 = *(u64 *)(r11 + 24)
  r9 = *(u64 *)(r11 + 32)
  r0 = *(u64 *)(r11 + 40)
  *(u64 *)(r10 - 8) = r0
  r0 = *(u64 *)(r11 + 48)
  *(u64 *)(r10 - 16) = r0
  r0 = *(u64 *)(r11 + 56)
  *(u64 *)(r10 - 24) = r0
  *(u64 *)(r11 - 8) = r7
  *(u64 *)(r11 - 16) = r8
  *(u64 *)(r11 - 24) = r9
  r0 = *(u64 *)(r10 - 8)
  *(u64 *)(r11 - 32) = r0
  r0 = *(u64 *)(r10 - 16)
  *(u64 *)(r11 - 40) = r0
  r0 = *(u64 *)(r10 - 24)
  *(u64 *)(r11 - 48) = r0
  *(u64 *)(r11 - 56) = r1
  r1 = r2
  r1 += 5
  r2 = r3
  r3 = r4
  r4 = r5
  r5 = r6
  call level6
  r1 = *(u64 *)(r10 - 24)
  r0 *= 31
  r0 += r1
  exit

level6:
  # Arguments 6..12: all loads come before the first store to a slot.
  r6 = *(u64 *)(r11 + 8)
  r7 = *(u64 *)(r11 + 16)
  r8 = *(u64 *)(r11 + 24)
  r9 = *(u64 *)(r11 + 32)
  r0 = *(u64 *)(r11 + 40)
  *(u64 *)(r10 - 8) = r0
  r0 = *(u64 *)(r11 + 48)
  *(u64 *)(r10 - 16) = r0
  r0 = *(u64 *)(r11 + 56)
  *(u64 *)(r10 - 24) = r0
  *(u64 *)(r11 - 8) = r7
  *(u64 *)(r11 - 16) = r8
  *(u64 *)(r11 - 24) = r9
  r0 = *(u64 *)(r10 - 8)
  *(u64 *)(r11 - 32) = r0
  r0 = *(u64 *)(r10 - 16)
  *(u64 *)(r11 - 40) = r0
  r0 = *(u64 *)(r10 - 24)
  *(u64 *)(r11 - 48) = r0
  *(u64 *)(r11 - 56) = r1
  r1 = r2
  r1 += 6
  r2 = r3
  r3 = r4
  r4 = r5
  r5 = r6
  call level7
  r1 = *(u64 *)(r10 - 24)
  r0 *= 31
  r0 += r1
  exit

# The deepest frame: h = 1; h = 31 h + argument.
level7:
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
