// Heap sort of 256 signed numbers in .bss; returns a hash of the sorted array, 0 if it is not sorted.
#include "bpf.h"

enum { COUNT = 256 };
static s64 numbers[COUNT];

static noinline void sift_down(s64 *heap, u32 root, u32 count) {
  for (u32 child = 2 * root + 1; child < count; root = child, child = 2 * root + 1) {
    if (child + 1 < count && heap[child + 1] > heap[child]) child++;
    if (heap[root] >= heap[child]) return;
    s64 held = heap[root];
    heap[root] = heap[child];
    heap[child] = held;
  }
}

static noinline void heap_sort(s64 *heap, u32 count) {
  for (u32 root = count / 2; root-- > 0;) sift_down(heap, root, count);
  for (u32 last = count; last-- > 1;) {
    s64 held = heap[0];
    heap[0] = heap[last];
    heap[last] = held;
    sift_down(heap, 0, last);
  }
}

SEC("socket") u64 entry(void *ctx) {
  u64 seed = 88172645463325252;
  for (u32 i = 0; i < COUNT; i++) {
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    numbers[i] = (s64)seed >> (seed & 31);
  }
  heap_sort(numbers, COUNT);
  u64 hash = 1;
  for (u32 i = 0; i < COUNT; i++) {
    if (i > 0 && numbers[i - 1] > numbers[i]) return 0;
    hash = hash * 31 + (u64)numbers[i];
  }
  return hash;
}
