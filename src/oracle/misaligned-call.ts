/**
 * Calls with rsp off the alignment that psABI §3.2.2 asks for. Nothing of a program's state shows it and nothing comes
 * of it here, so it is the cause of no other difference, and where it is all that differs the call is known exactly.
 */
import type { Program } from '../bpf/program.ts';
import type { Execution } from '../core/execution.ts';
import type { Image } from '../core/image.ts';
import type { Localisation } from './lockstep.ts';
import type { Divergence } from './verdict.ts';
import type { Way } from './window/way.ts';

export const isMisalignment = ({ subject }: Divergence): boolean =>
  subject.kind === 'abi' && subject.rule === 'stack-alignment';

/** The first such call, of a run in which nothing else differs; null if the image has no pc map to name it by. */
export function localiseMisalignedCall(
  { insns }: Program,
  image: Image,
  got: Execution,
  { pcs, events }: Way,
): Localisation | null {
  const breach = got.breaches.find(({ rule }) => rule === 'stack-alignment');
  const steps = breach === undefined ? undefined : events[breach.at];
  const pc = steps === undefined ? undefined : pcs[steps];
  const offset = pc === undefined ? undefined : image.pcMap?.startOf(pc);
  if (steps === undefined || pc === undefined || offset === undefined || insns[pc]?.kind !== 'call')
    return null;
  return { pc, offset, stage: 'call', differences: [], steps };
}

/** The run as if such calls were none. */
export const withoutMisalignment = (run: Execution): Execution => ({
  ...run,
  breaches: run.breaches.filter(({ rule }) => rule !== 'stack-alignment'),
});
