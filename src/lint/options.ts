/** What a program is linted for. */
import type { ConventionName } from '../bpf/calling.ts';

export interface LintOptions {
  /** What it will be compiled for. @defaultValue what it was written for */
  readonly convention?: ConventionName;
  /** The program will not be compiled: interpreters know no stack arguments. @defaultValue false */
  readonly noJit?: boolean;
  /** Functions get a stack of their own, as on x86-64 through r9. @defaultValue false */
  readonly privateStack?: boolean;
  /** Kfuncs take structures of up to 16 bytes by value. @defaultValue false */
  readonly aggregates?: boolean;
  /**
   * What is written through pointers that are not followed (helpers, kfuncs, pointers of unknown distance):
   * `trusted` takes what they were given a pointer to as written, `doubted` takes nothing as written.
   * @defaultValue 'trusted'
   */
  readonly writes?: 'trusted' | 'doubted';
}
