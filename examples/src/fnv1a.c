// FNV-1a, 32 and 64 bits, over text in .rodata.
#include "bpf.h"

static const char text[] = "The quick brown fox jumps over the lazy dog, twice; then the dog wakes up.";
/* volatile, or clang computes the hashes itself. */
static const char *volatile source = text;

static noinline u32 fnv1a_32(const char *p, u32 length) {
  u32 h = 0x811c9dc5;
  for (u32 i = 0; i < length; i++) h = (h ^ (u8)p[i]) * 0x01000193;
  return h;
}

static noinline u64 fnv1a_64(const char *p, u32 length) {
  u64 h = 0xcbf29ce484222325;
  for (u32 i = 0; i < length; i++) h = (h ^ (u8)p[i]) * 0x100000001b3;
  return h;
}

SEC("socket") u64 entry(void *ctx) {
  return fnv1a_64(source, sizeof(text) - 1) ^ (u64)fnv1a_32(source, sizeof(text) - 1) << 32;
}
