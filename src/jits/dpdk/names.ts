/** What of DPDK runs a program, by the name of the JIT it is chosen as. */
export const DPDK_PARTS = { dpdk: 'jit', 'dpdk-interpreter': 'interpreter' } as const;
export type DpdkName = keyof typeof DPDK_PARTS;

export const isDpdk = (jit: string): jit is DpdkName => Object.hasOwn(DPDK_PARTS, jit);
