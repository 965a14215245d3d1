// Kernel functions: their prototypes come from BTF, their results from the oracle's model of them.
#include "bpf.h"

KFUNC u64 lookup(u64 key);
KFUNC u64 update(u64 key, u64 value, u64 flags, u64 now, u64 cpu);

static u64 misses;

static noinline u64 refresh(u64 key, u64 now) {
  u64 value = lookup(key);
  if (value & 1) return value;
  misses++;
  return update(key, value >> 1, misses, now, key & 3);
}

SEC("tc") u64 entry(void *ctx) {
  u64 now = 1000, hash = 0;
  for (u64 key = 1; key <= 40; key++) {
    hash = hash * 31 + refresh(key, now);
    now += 16 + (hash & 7);
  }
  return hash * 100 + misses;
}
