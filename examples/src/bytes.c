// Byte swaps and sign extensions of every width, in registers and from memory (cpu v4: BSWAP, MOVSX, LDSX).
#include "bpf.h"

struct record {
  s8 a;
  s16 b;
  s32 c;
  s64 d;
};
static struct record records[] = {{-128, -32768, -0x7fffffff - 1, -1}, {127, 32767, 0x7fffffff, 1}, {-1, -2, -3, -4}, {85, 0x5aa5, 0x5aa55aa5, 0x5aa55aa55aa55aa5}};

static noinline u64 swaps(u64 x) {
  return __builtin_bswap64(x) ^ (u64)__builtin_bswap32((u32)x) << 7 ^ (u64)__builtin_bswap16((u16)x) << 19;
}

static noinline u64 extensions(u64 x) {
  s64 wide = (s64)(s8)x * 3 + (s64)(s16)x * 5 + (s64)(s32)x * 7;
  u32 narrow = (u32)(s32)(s8)x * 11 + (u32)(s32)(s16)x * 13;
  return (u64)wide ^ narrow;
}

static noinline u64 loads(const struct record *r) { return (u64)((s64)r->a + r->b * 2 + (s64)r->c * 4) + (u64)r->d * 8; }

SEC("socket") u64 entry(void *ctx) {
  u64 hash = 0x0123456789abcdef;
  for (u32 i = 0; i < 64; i++) {
    struct record *r = &records[i & 3];
    hash = hash * 0x9e3779b97f4a7c15 + swaps(hash) + extensions(hash >> (i & 31)) + loads(r);
    r->c = (s32)hash;
    r->b = (s16)(hash >> 32);
    r->a = (s8)(hash >> 48);
  }
  return hash;
}
