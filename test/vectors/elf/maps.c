// Refers to a global map, and to a static one through its section's symbol.
typedef unsigned long u64;
#define SEC(name) __attribute__((section(name), used))
#define FROM(name) __attribute__((section(name)))
static void *(*const bpf_map_lookup_elem)(void *map, const void *key) = (void *)1;

struct map {
  int (*type)[2];
  int (*max_entries)[16];
};
struct map hits SEC(".maps");
static struct map misses SEC(".maps");

SEC("xdp") u64 entry(void *ctx) { return (u64)bpf_map_lookup_elem(&hits, 0); }
SEC("tc") u64 entry_static(void *ctx) { return (u64)bpf_map_lookup_elem(&misses, 0); }
SEC("socket") u64 entry_without(void *ctx) { return 3; }
