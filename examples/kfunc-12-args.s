# A kfunc of twelve arguments: five in registers, seven in the slots below r11, stored in any order.
# oracle: proto observe=u64,u64,u64,u64,u64,u64,u64,u64,u64,u64,u64,u64
entry:
  *(u64 *)(r11 - 8) = 1542
  *(u64 *)(r11 - 16) = 1799
  *(u64 *)(r11 - 24) = 2056
  *(u64 *)(r11 - 32) = 2313
  *(u64 *)(r11 - 40) = 2570
  *(u64 *)(r11 - 48) = 2827
  *(u64 *)(r11 - 56) = 3084
  r1 = 257
  r2 = 514
  r3 = 771
  r4 = 1028
  r5 = 1285
  call observe
  r6 = r0
  # Again with values in registers, the slots from the last to the first; one is negative.
  r7 = 0x8000000000000001 ll
  *(u64 *)(r11 - 56) = r6
  r6 ^= r7
  *(u64 *)(r11 - 48) = r7
  r7 += 3
  *(u64 *)(r11 - 40) = r6
  r6 ^= r7
  *(u64 *)(r11 - 32) = r7
  r7 += 3
  *(u64 *)(r11 - 24) = r6
  r6 ^= r7
  *(u64 *)(r11 - 16) = r7
  r7 += 3
  *(u64 *)(r11 - 8) = -6
  r5 = r7
  r7 += 5
  r4 = r7
  r7 += 4
  r3 = r7
  r7 += 3
  r2 = r7
  r7 += 2
  r1 = r7
  r7 += 1
  call observe
  r0 ^= r6
  exit
