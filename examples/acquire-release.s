# Load-acquire and store-release (Linux, cpu v4) of 1, 2, 4 and 8 bytes on the stack.
entry:
  r1 = 0x8182838485868788 ll
  *(u64 *)(r10 - 16) = r1
  *(u64 *)(r10 - 8) = 0
  r2 = r10
  r2 += -16
  r3 = load_acquire((u64 *)(r2 + 0))
  w4 = load_acquire((u32 *)(r2 + 4))
  w5 = load_acquire((u16 *)(r2 + 2))
  w6 = load_acquire((u8 *)(r2 + 7))
  r3 += r4
  r3 ^= r5
  r3 += r6
  store_release((u64 *)(r2 + 8), r3)
  store_release((u8 *)(r2 + 8), w1)
  store_release((u16 *)(r2 + 10), w4)
  store_release((u32 *)(r2 + 12), w6)
  r0 = *(u64 *)(r10 - 8)
  r0 ^= r3
  exit
