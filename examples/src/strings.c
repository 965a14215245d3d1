// Bounded string functions over constants, pointers to them in .data, and a copy on the stack.
#include "bpf.h"

static const char *names[] = {"lo", "eth0", "wlp0s20f3", "", "eth0.100", "veth7f3a"};
static const char prefix[] = "eth";
volatile const int rounds = 3;

static noinline u32 length(const char *s, u32 limit) {
  u32 n = 0;
  while (n < limit && s[n]) n++;
  return n;
}

static noinline int compare(const char *a, const char *b, u32 limit) {
  for (u32 i = 0; i < limit; i++) {
    int difference = (u8)a[i] - (u8)b[i];
    if (difference || !a[i]) return difference;
  }
  return 0;
}

static noinline s64 find(const char *s, char wanted, u32 limit) {
  for (u32 i = 0; i < limit && s[i]; i++) {
    if (s[i] == wanted) return i;
  }
  return -1;
}

static noinline u32 copy(char *to, const char *from, u32 size) {
  u32 n = 0;
  for (; n + 1 < size && from[n]; n++) to[n] = from[n];
  to[n] = 0;
  return n;
}

static noinline u64 parse_decimal(const char *s, u32 limit) {
  u64 value = 0;
  for (u32 i = 0; i < limit && s[i] >= '0' && s[i] <= '9'; i++) value = value * 10 + (s[i] - '0');
  return value;
}

SEC("tc") u64 entry(void *ctx) {
  char buffer[8];
  u64 hash = 0;
  for (int round = 0; round < rounds; round++) {
    for (u32 i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
      const char *name = names[i];
      s64 dot = find(name, '.', 16);
      hash = hash * 131 + length(name, 16) + (s64)compare(name, prefix, 3);
      hash = hash * 131 + (u64)dot + (dot < 0 ? 0 : parse_decimal(name + dot + 1, 4));
      hash = hash * 131 + copy(buffer, name, sizeof(buffer));
      for (u32 k = 0; buffer[k]; k++) hash = hash * 131 + (u8)buffer[k];
    }
    names[round] = prefix;
  }
  return hash;
}
