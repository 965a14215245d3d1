/* What the assembly examples compute, in C: prints the r0 that each must end with. */
#include <stdio.h>
#include "bpf.h"

#define GOLDEN 0x9e3779b97f4a7c15ull
#define ARGS u64 a1, u64 a2, u64 a3, u64 a4, u64 a5, u64 a6, u64 a7, u64 a8, u64 a9, u64 a10, u64 a11, u64 a12
#define LIST {a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12}

static noinline u64 hash12(ARGS) {
  u64 list[] = LIST, h = 1;
  for (int i = 0; i < 12; i++) h = h * 31 + list[i];
  return h;
}

static u64 fmix64(u64 x) {
  x = (x ^ (x >> 33)) * 0xff51afd7ed558ccdull;
  x = (x ^ (x >> 33)) * 0xc4ceb9fe1a85ec53ull;
  return x ^ (x >> 33);
}

/* The oracle's default model (src/core/env.ts) of kfunc 1. */
static noinline u64 observe(ARGS) {
  u64 list[] = LIST, h = GOLDEN * 0x10001;
  for (int i = 0; i < 12; i++) h = fmix64(h ^ (list[i] + GOLDEN * (i + 1)));
  return h;
}

static u64 kfunc_12_args(void) {
  u64 first = observe(0x101, 0x202, 0x303, 0x404, 0x505, 0x606, 0x707, 0x808, 0x909, 0xa0a, 0xb0b, 0xc0c);
  u64 r6 = first, r7 = 0x8000000000000001, a[13];
  for (int n = 12; n >= 7; n--) {
    a[n] = n % 2 ? r7 : r6;
    if (n % 2) r7 += 3; else r6 ^= r7;
  }
  a[6] = -6;
  for (int n = 5; n >= 1; n--) {
    a[n] = r7;
    r7 += n;
  }
  return observe(a[1], a[2], a[3], a[4], a[5], a[6], a[7], a[8], a[9], a[10], a[11], a[12]) ^ r6;
}

static u64 bpf_12_args(void) {
  u64 r6 = hash12(101, 102, 103, 104, 105, 106, 107, 108, 109, 110, 111, 112), a[13];
  for (int n = 6; n <= 12; n++) a[n] = r6 += n;
  u64 r7 = hash12(-1, -2, -3, -4, -5, a[6], a[7], a[8], a[9], a[10], a[11], a[12]);
  return hash12(101, 102, 103, 104, 105, 106, 107, 108, r7, 110, 111, 112) ^ r6;
}

static u64 level(int depth, ARGS) {
  if (depth == 7) return hash12(a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12);
  return level(depth + 1, a2 + depth, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a1) * 31 + a12;
}

static u64 call_graph_8(void) { return level(1, 1, 4, 9, 16, 25, 36, 49, 64, 81, 100, 121, 144); }

/* RFC 9669 §4.1, with Linux's rule for the one overflow. */
static u64 sdiv(s64 a, s64 b) { return b == 0 ? 0 : b == -1 ? -(u64)a : (u64)(a / b); }
static u64 smod(s64 a, s64 b) { return b == 0 ? (u64)a : b == -1 ? 0 : (u64)(a % b); }
static u64 udiv(u64 a, u64 b) { return b == 0 ? 0 : a / b; }
static u64 umod(u64 a, u64 b) { return b == 0 ? a : a % b; }

static u64 all_divisions(u64 h, u64 a, u64 b) {
  h = h * 31 + udiv(a, b);
  h = h * 31 + sdiv(a, b);
  h = h * 31 + umod(a, b);
  h = h * 31 + smod(a, b);
  h = h * 31 + (u32)udiv((u32)a, (u32)b);
  h = h * 31 + (u32)sdiv((s32)a, (s32)b);
  h = h * 31 + (u32)umod((u32)a, (u32)b);
  return h * 31 + (u32)smod((s32)a, (s32)b);
}

static u64 division_edges(void) {
  const u64 dividends[] = {0x8000000000000000, 0xffffffff80000000, 0x123456789abcdef};
  const s64 divisors[] = {0, -1, 7, -7};
  u64 h = 0;
  for (int i = 0; i < 3; i++) {
    for (int j = 0; j < 4; j++) {
      h = all_divisions(h, dividends[i], divisors[j]);
      if (divisors[j] != 0) h = all_divisions(h, dividends[i], divisors[j]);
    }
  }
  return h;
}

static u64 acquire_release(void) {
  const u64 word = 0x8182838485868788;
  u64 r3 = word, r4 = word >> 32, r5 = (u16)(word >> 16), r6 = word >> 56;
  r3 = ((r3 + r4) ^ r5) + r6;
  u64 stored = r3;
  stored = (stored & ~0xffull) | (u8)word;
  stored = (stored & ~0xffff0000ull) | (u64)(u16)r4 << 16;
  stored = (stored & 0xffffffffull) | (u64)(u32)r6 << 32;
  return stored ^ r3;
}

static u64 may_goto(void) {
  u64 r0 = 0;
  for (u64 r1 = 1000; r1 != 0; r1--) r0 = r0 * 3 + r1;
  return r0;
}

/* The cookie is the sum of the eight arguments and 10, shifted; the callback adds 1. */
static u64 exceptions(void) {
  u64 sum = 1 + 6 + 7 + 20;
  return ((10 + sum) << 8) + 1;
}

int main(void) {
  printf("%-16s 0x%016llx\n", "kfunc-12-args", kfunc_12_args());
  printf("%-16s 0x%016llx\n", "bpf-12-args", bpf_12_args());
  printf("%-16s 0x%016llx\n", "call-graph-8", call_graph_8());
  printf("%-16s 0x%016llx\n", "division-edges", division_edges());
  printf("%-16s 0x%016llx\n", "acquire-release", acquire_release());
  printf("%-16s 0x%016llx\n", "may-goto", may_goto());
  printf("%-16s 0x%016llx\n", "exceptions", exceptions());
  return 0;
}
