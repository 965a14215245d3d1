// Programs in two sections, and every way clang refers to functions and data.
typedef unsigned long u64;
typedef unsigned int u32;
#define SEC(name) __attribute__((section(name), used))
#define FROM(name) __attribute__((section(name)))
#define noinline __attribute__((noinline))

extern u64 kfunc_two(u64 a, u32 b) FROM(".ksyms");
extern u64 kfunc_weak(u64 a) __attribute__((weak)) FROM(".ksyms");
static u64 (*const bpf_loop)(u32 n, void *callback, void *ctx, u64 flags) = (void *)181;

u64 counter = 5;
static u64 sums[4];
u64 *pointer = &counter;
static volatile const u32 table[8] = {1, 2, 3, 4, 5, 6, 7, 8};
static const char *const words[] = {"zero", "one", "two"};
u64 named SEC(".data.named") = 0x1122334455667788;

// A static subprog of .text, called from .text (no relocation) and from other sections (.text + addend).
static noinline u64 weigh(u64 a, u64 b) { return a * 3 + b + table[a & 7]; }

// A global subprog, always called by name.
noinline u64 accumulate(u64 a) {
  sums[a & 3] += a;
  return weigh(a, sums[a & 3]);
}

static noinline u64 choose(u64 a) {
  switch (a) {
  case 0: return 4;
  case 1: return 77;
  case 2: return kfunc_two(a, 9);
  case 3: return 12;
  case 4: return accumulate(8);
  case 5: return 1;
  default: return 0;
  }
}

static noinline u64 callback(u64 i, void *ctx) { return i & 1; }

SEC("xdp") u64 entry(void *ctx) {
  u64 sum = 0;
  for (const char *s = words[counter % 3]; *s; s++) sum = sum * 31 + (unsigned char)*s;
  sum += choose(counter) + bpf_loop(3, callback, 0, 0) + kfunc_two(sum, 1) + kfunc_weak(sum);
  return sum + *pointer + named;
}

SEC("tc") u64 entry_tc(void *ctx) { return accumulate(3) + weigh(2, 4); }
SEC("tc") u64 entry_tc_plain(void *ctx) { return 7; }

char _license[] SEC("license") = "GPL";
