// Compiled by the tests with every cpu version and optimisation: all builds must give the same result.
typedef unsigned long u64;
typedef unsigned int u32;
#define SEC(name) __attribute__((section(name), used))
#define noinline __attribute__((noinline))

extern u64 mix(u64 a, u32 b) __attribute__((section(".ksyms")));

struct item {
  const char *name;
  u32 weight;
  short sign;
};
static const struct item items[] = {{"alpha", 3, -1}, {"beta", 5, 1}, {"a longer name", 70000, -7}};
static u32 histogram[16];
u64 total = 0x100000000;
int negative = -3;
static struct item *volatile chosen;
static struct item scratch = {"scratch", 9, 2};

static noinline u64 hash(const char *s) {
  u64 h = 0xcbf29ce484222325;
  for (int i = 0; i < 64 && s[i]; i++) h = (h ^ (unsigned char)s[i]) * 0x100000001b3;
  return h;
}

static noinline long score(const struct item *item) { return (long)item->weight * item->sign; }

noinline u64 count(u64 value) {
  histogram[value & 15]++;
  return histogram[value & 15];
}

static noinline int choose(int key) {
  switch (key) {
  case -3: return 17;
  case 0: return count(1) + 100;
  case 1: return negative;
  case 2: return 5;
  case 3: return -70000;
  case 9: return 1 << 30;
  default: return key * 2;
  }
}

static noinline u64 five(u64 a, u32 b, short c, signed char d, const u64 *e) { return a + b * c - d + *e; }

SEC("xdp") int ignored(void *ctx) { return 2; }

SEC("socket") u64 entry(void *ctx) {
  u64 result = 0;
  for (u32 i = 0; i < sizeof(items) / sizeof(items[0]); i++) {
    result = result * 31 + hash(items[i].name) + score(&items[i]);
    total += count(result >> 60);
  }
  for (int key = -4; key < 11; key++) result = result * 7 + (u64)(long)choose(key);
  chosen = &scratch;
  chosen->weight += 4;
  result ^= five(result, chosen->weight, chosen->sign, negative, &total);
  return mix(result, (u32)total) + total;
}
