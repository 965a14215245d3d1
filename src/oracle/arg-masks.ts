/**
 * Which arguments of each helper and kfunc call are poison, as the reference met them. The native side sees
 * some value in every place; told the masks, it leaves out what the reference's model was not given, so that
 * both models compute on the same.
 */
import { isModelled, maskOf, type Trace } from '../core/execution.ts';

/** By number of the call. Those of calls that were only counted are there if the reference noted them. */
export function masksOf({ events, laterMasks }: Trace): ArrayLike<number> {
  const masks: number[] = [];
  for (const event of events) if (event.kind === 'call' && isModelled(event)) masks.push(maskOf(event.args));
  if (laterMasks !== undefined)
    for (let i = 0; i < laterMasks.length; i++) masks.push(laterMasks[i] as number);
  return masks;
}
