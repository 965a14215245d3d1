// Insertion sort of 48 words that live on the BPF stack.
#include "bpf.h"

enum { COUNT = 48 };

static noinline void insertion_sort(u32 *a, u32 count) {
  for (u32 i = 1; i < count; i++) {
    u32 held = a[i];
    u32 j = i;
    for (; j > 0 && a[j - 1] > held; j--) a[j] = a[j - 1];
    a[j] = held;
  }
}

SEC("socket") u64 entry(void *ctx) {
  u32 words[COUNT];
  u32 seed = 2463534242;
  for (u32 i = 0; i < COUNT; i++) {
    seed ^= seed << 13;
    seed ^= seed >> 17;
    seed ^= seed << 5;
    words[i] = seed;
  }
  insertion_sort(words, COUNT);
  u64 hash = 0;
  for (u32 i = 0; i < COUNT; i++) hash = hash * 1000003 + words[i];
  return hash;
}
