/** What stands before the test: the headers of the kernel's selftests, or as much of them as it needs. */

/** Names of tools/testing/selftests/bpf/progs/bpf_misc.h and of libbpf's bpf_helpers.h. */
export const PREAMBLE = `#if __has_include("bpf_misc.h")
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include "bpf_misc.h"
#else /* outside tools/testing/selftests/bpf/progs: enough of them to compile this */
typedef unsigned char __u8;
typedef unsigned long long __u64;
#define SEC(name) __attribute__((section(name), used))
#define __ksym __attribute__((section(".ksyms")))
#define __naked __attribute__((naked))
#define __noinline __attribute__((noinline))
#define __imm(name) [name]"i"(name)
#define __clobber_all "r0", "r1", "r2", "r3", "r4", "r5", "r6", "r7", "r8", "r9", "memory"
#define __description(text)
#define __success
#define __retval(value)
#endif
#ifndef __used
#define __used __attribute__((used))
#endif`;
