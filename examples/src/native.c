/* Runs an example natively and prints r0, with the oracle's default model of kfuncs (src/core/env.ts). */
#include <stdarg.h>
#include <stdio.h>
#include "bpf.h"

u64 entry(void *ctx);

static u64 fmix64(u64 x) {
  x = (x ^ (x >> 33)) * 0xff51afd7ed558ccdull;
  x = (x ^ (x >> 33)) * 0xc4ceb9fe1a85ec53ull;
  return x ^ (x >> 33);
}

static u64 model(u32 id, int argc, ...) {
  const u64 golden = 0x9e3779b97f4a7c15ull;
  u64 h = golden * (id + 0x10000);
  va_list args;
  va_start(args, argc);
  for (int i = 0; i < argc; i++) h = fmix64(h ^ (va_arg(args, u64) + golden * (i + 1)));
  va_end(args);
  return h;
}

/* The kfuncs of kfunc.c, numbered in order of first use. */
u64 lookup(u64 key) { return model(1, 1, key); }
u64 update(u64 key, u64 value, u64 flags, u64 now, u64 cpu) { return model(2, 5, key, value, flags, now, cpu); }

int main(void) {
  printf("0x%016llx\n", entry(0));
  return 0;
}
