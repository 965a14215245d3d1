// Signed and unsigned division and remainder, 32 and 64 bits, by registers and by constants (cpu v4: SDIV, SMOD).
#include "bpf.h"

static const s64 values[] = {0, 1, -1, 7, -7, 1000003, -1000003, 0x7fffffff, -0x7fffffff - 1,
                             0x7fffffffffffffff, -0x7fffffffffffffff - 1, 0x123456789abcdef, -0x123456789abcdef};
static const s64 divisors[] = {1, 2, -2, 3, -3, 10, -10, 0x10001, 0x7fffffff, -0x7fffffff, 0x7fffffffffffffff};

static noinline u64 signed_64(s64 a, s64 b) { return (u64)(a / b) * 3 + (u64)(a % b); }
static noinline u64 unsigned_64(u64 a, u64 b) { return a / b * 3 + a % b; }
static noinline u64 signed_32(s32 a, s32 b) { return (u64)(s64)(a / b) * 3 + (u64)(s64)(a % b); }
static noinline u64 unsigned_32(u32 a, u32 b) { return (u64)(a / b) * 3 + a % b; }
static noinline u64 by_constants(s64 a) {
  return (u64)(a / -7) + (u64)(a % 1000) * 5 + (u64)(s64)((s32)a / 9) + (u64)(s64)((s32)a % -11) + (u64)a / 77 + (u32)a % 13;
}

SEC("socket") u64 entry(void *ctx) {
  u64 hash = 0;
  for (u32 i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
    for (u32 j = 0; j < sizeof(divisors) / sizeof(divisors[0]); j++) {
      s64 a = values[i], b = divisors[j];
      hash = hash * 31 + signed_64(a, b);
      hash = hash * 31 + unsigned_64(a, b);
      if ((s32)b != 0 && !((s32)a == -0x7fffffff - 1 && (s32)b == -1)) hash = hash * 31 + signed_32(a, b);
      if ((u32)b != 0) hash = hash * 31 + unsigned_32(a, b);
    }
    hash = hash * 31 + by_constants(values[i]);
  }
  return hash;
}
