// Every atomic operation of RFC 9669 §5.3 in both widths, with and without fetch, on globals and on the stack.
#include "bpf.h"

static u64 wide = 0x0123456789abcdef;
static u32 narrow[2] = {0x89abcdef, 0x5a5a5a5a};

static noinline u64 wide_ops(u64 *p) {
  u64 hash = 1;
  hash = hash * 31 + __sync_fetch_and_add(p, 0x1111111111111111);
  hash = hash * 31 + __sync_fetch_and_or(p, 0xf0f0);
  hash = hash * 31 + __sync_fetch_and_and(p, 0xffffffff00ffff00);
  hash = hash * 31 + __sync_fetch_and_xor(p, 0xdeadbeefcafebabe);
  hash = hash * 31 + __sync_lock_test_and_set(p, 42);
  hash = hash * 31 + __sync_val_compare_and_swap(p, 41, 1); // fails
  hash = hash * 31 + __sync_val_compare_and_swap(p, 42, -1); // succeeds
  (void)__sync_fetch_and_add(p, 3);
  (void)__sync_fetch_and_or(p, 0x500);
  (void)__sync_fetch_and_and(p, 0x7ffffff7);
  (void)__sync_fetch_and_xor(p, 0x11111111);
  return hash * 31 + *p;
}

static noinline u64 narrow_ops(u32 *p) {
  u64 hash = 1;
  hash = hash * 31 + __sync_fetch_and_add(p, 0x90000000);
  hash = hash * 31 + __sync_fetch_and_or(p, 0xf0f0);
  hash = hash * 31 + __sync_fetch_and_and(p, 0x00ffff00);
  hash = hash * 31 + __sync_fetch_and_xor(p, 0xcafebabe);
  hash = hash * 31 + __sync_lock_test_and_set(p, 42);
  hash = hash * 31 + __sync_val_compare_and_swap(p, 41, 1);
  hash = hash * 31 + __sync_val_compare_and_swap(p, 42, 0xfffffffe);
  (void)__sync_fetch_and_add(p, 3);
  (void)__sync_fetch_and_or(p, 0x500);
  (void)__sync_fetch_and_and(p, 0x7ffffff7);
  (void)__sync_fetch_and_xor(p, 0x11111111);
  return hash * 31 + *p;
}

SEC("socket") u64 entry(void *ctx) {
  u64 local = 0x8000000000000000;
  u64 hash = wide_ops(&wide) * 7 + wide_ops(&local);
  hash = hash * 7 + narrow_ops(&narrow[0]);
  return hash * 7 + narrow[1];
}
