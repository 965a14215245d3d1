// One of each thing in as few bytes as possible: the byte-flip tests read it some thousand times.
typedef unsigned long u64;
#define SEC(name) __attribute__((section(name), used))
#define FROM(name) __attribute__((section(name)))

extern u64 kfunc_one(u64 a) FROM(".ksyms");
u64 value = 7;
u64 *pointer = &value;

static __attribute__((noinline)) u64 twice(u64 a) { return 2 * a; }

SEC("xdp") u64 entry(void *ctx) { return kfunc_one(*pointer) + twice(value); }
