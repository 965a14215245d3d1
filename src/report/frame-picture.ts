/** A frame as a picture of text: high addresses above, a word a line, parts set apart. */
import type { FramePicture } from './cost-report.ts';

const WIDTH = 24;

/** Lines of the picture; offsets are from rbp, and from rsp while the body runs. */
export function pictureLines({ rows }: FramePicture): string[] {
  const rule = (from: string, to: string): string => `${' '.repeat(16)}${from}${'─'.repeat(WIDTH)}${to}`;
  const lines: string[] = [`     rbp     rsp`, rule('┌', '┐')];
  rows.forEach(({ name, role, fp, sp }, i) => {
    const above = rows[i - 1];
    if (above !== undefined && above.role !== role) lines.push(rule('├', '┤'));
    lines.push(`${signed(fp).padStart(8)}${signed(sp).padStart(7)} │ ${name.padEnd(WIDTH - 2)} │`);
  });
  return [...lines, rule('└', '┘')];
}

/** Where argument 6 travels, and what a call still does: what the picture cannot show. */
export function pictureNotes({ arg6InRegister, pushes }: FramePicture): string {
  const arg6 =
    arg6InRegister.bpf && arg6InRegister.kfunc
      ? 'Argument 6 is in r9, on both sides.'
      : `Argument 6 is in ${arg6InRegister.bpf ? 'r9' : 'memory'} for BPF functions, in ${arg6InRegister.kfunc ? 'r9' : 'memory'} for kfuncs.`;
  return pushes ? `${arg6} Around a call, its stack arguments lie below rsp once more.` : arg6;
}

const signed = (bytes: number): string => (bytes < 0 ? `${bytes}` : `+${bytes}`);
