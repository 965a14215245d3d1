// Exceptions: main's declaration tag names its callback, which no instruction refers to.
typedef unsigned long long u64;
#define SEC(name) __attribute__((section(name), used))
#define noinline __attribute__((noinline))
#define exception_callback(name) __attribute__((btf_decl_tag("exception_callback:" #name)))

extern void bpf_throw(u64 cookie) __attribute__((section(".ksyms")));

static u64 caught;

__attribute__((used)) u64 on_throw(u64 cookie) { return cookie * 2 + caught; }

static noinline u64 check(u64 value) {
  caught += 1;
  if (value > 2) bpf_throw(100 + value);
  return value;
}

SEC("tc") exception_callback(on_throw) u64 entry(void *ctx) {
  u64 sum = 0;
  for (u64 i = 0; i < 8; i++) sum += check(i);
  return sum;
}

// Names none: the default one returns the cookie.
SEC("tc") u64 plain(void *ctx) { return check(7); }
