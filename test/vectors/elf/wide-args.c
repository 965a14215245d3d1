// Parameters that take two registers or none, and one that goes by address.
typedef unsigned long u64;
#define SEC(name) __attribute__((section(name), used))
#define FROM(name) __attribute__((section(name)))
struct pair { u64 a, b; };
struct big { u64 a, b, c; };
typedef const struct pair const_pair;
extern u64 kfunc_pair(const_pair p, int n) FROM(".ksyms");
extern u64 kfunc_big(struct big *b, __int128 n) FROM(".ksyms");
extern u64 kfunc_many(u64 first, ...) FROM(".ksyms");
extern u64 kfunc_none(void) FROM(".ksyms");

// -O3 passes p->a and p->b instead of p: the code takes more arguments than BTF says.
static __attribute__((noinline)) u64 promoted(struct pair *p) { return p->a * 3 + p->b; }

SEC("xdp") u64 entry(u64 x) {
  struct pair p = {x, 2}, q = {x, 5};
  struct big b = {1, 2, 3};
  return kfunc_pair(p, 1) + kfunc_big(&b, x) + kfunc_none() + promoted(&q) + kfunc_many(1);
}
