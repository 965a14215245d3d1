/* What the examples share. They also compile natively (make native), which is where their expected results come from. */
typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;
typedef signed char s8;
typedef short s16;
typedef int s32;
typedef long long s64;

#define noinline __attribute__((noinline))

#ifdef __bpf__
#define SEC(name) __attribute__((section(name), used))
#define KFUNC extern __attribute__((section(".ksyms")))
#else
#define SEC(name)
#define KFUNC extern
#endif
