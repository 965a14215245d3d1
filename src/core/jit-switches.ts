/** What a JIT can be told: on the command line, by `# oracle:` lines, or by a generated case. */

interface SwitchRow {
  readonly name: string;
  /** `# oracle: KEY on`, `--KEY`, `--no-KEY`. */
  readonly key: string;
  /** What it is where nothing is said. */
  readonly standard: boolean;
  /** What code is like where it is on; for those that are on by themselves, also where it is off. */
  readonly on: string;
  readonly off?: string;
}

// biome-ignore format: a table
export const JIT_SWITCHES = [
  { name: 'bmi2',        key: 'bmi2',         standard: true,  on: 'shift with shlx, shrx and sarx', off: 'shift by cl' },
  { name: 'endbr',       key: 'endbr',        standard: false, on: 'endbr64 at entries, as with CONFIG_X86_KERNEL_IBT' },
  { name: 'retpoline',   key: 'retpoline',    standard: false, on: 'jumps of tail calls go through a retpoline' },
  { name: 'returnThunk', key: 'return-thunk', standard: false, on: 'exits jump to a return thunk' },
  { name: 'callDepth',   key: 'call-depth',   standard: false, on: 'calls are counted, as by call depth tracking' },
  { name: 'lfence',      key: 'lfence',       standard: false, on: 'lfence after stores to the stack and before tail calls' },
  { name: 'privateStack', key: 'private-stack', standard: false, on: 'BPF stacks of 64 bytes and more outside of native frames, r9 as their frame pointer' },
] as const satisfies readonly SwitchRow[];

export type JitSwitch = (typeof JIT_SWITCHES)[number]['name'];

/** The one that has a number. */
export const BLINDING = 'blinding';

export interface JitSwitches extends Readonly<Partial<Record<JitSwitch, boolean>>> {
  /** Constants are blinded, with masks that follow from this number. @defaultValue none */
  readonly [BLINDING]?: number;
}

/** The switches of an object that holds more. */
export const switchesOf = (from: JitSwitches): JitSwitches => ({
  ...Object.fromEntries(
    JIT_SWITCHES.flatMap(({ name }) => (from[name] === undefined ? [] : [[name, from[name]] as const])),
  ),
  ...(from[BLINDING] === undefined ? {} : { [BLINDING]: from[BLINDING] }),
});

/** Those that are not as they would be, as keys with `on`, `off` or a number. */
export const switchLines = (switches: JitSwitches): [key: string, value: string][] => [
  ...JIT_SWITCHES.flatMap(({ name, key, standard }): [string, string][] => {
    const value = switches[name] ?? standard;
    return value === standard ? [] : [[key, value ? 'on' : 'off']];
  }),
  ...(switches[BLINDING] === undefined
    ? []
    : [[BLINDING, `${switches[BLINDING]}`] satisfies [string, string]]),
];

/** The same as words of a command line. */
export const switchOptions = (switches: JitSwitches): string[] =>
  switchLines(switches).flatMap(([key, value]) => {
    if (key === BLINDING) return [`--${key}`, value];
    return value === 'on' ? [`--${key}`] : [`--no-${key}`];
  });
