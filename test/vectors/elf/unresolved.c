// Refers to data that is defined nowhere.
typedef unsigned long u64;
#define SEC(name) __attribute__((section(name), used))
#define FROM(name) __attribute__((section(name)))
extern const int jiffies FROM(".ksyms");
extern const int config __attribute__((weak)) FROM(".kconfig");

SEC("xdp") u64 entry(void *ctx) { return jiffies; }
SEC("tc") u64 entry_weak(void *ctx) { return (u64)&config; }
