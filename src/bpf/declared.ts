/** What files declare of functions and kfuncs beside the number of their arguments. */

/** An argument passed by value that is larger than a slot. */
export interface ValueArg {
  /** Which of the declared arguments it is, counted from 1. */
  readonly position: number;
  /** The first of the slots it takes: 1..5 in r1..r5, 6..12 on the stack. */
  readonly slot: number;
  /** Kind of its type in BTF: STRUCT, UNION or INT. */
  readonly type: string;
  readonly bytes: number;
  /** It is a number, or made of nothing but numbers. */
  readonly isScalar: boolean;
}

/** What is declared of a function or kfunc beside the number of its arguments. */
export interface Declared {
  readonly linkage?: 'static' | 'global';
  /** The number of its arguments is that of a prototype. */
  readonly stated?: true;
  /** Structures, unions and numbers of more than 8 bytes among its arguments. */
  readonly byValue?: readonly ValueArg[];
  /** Number of arguments by BTF, where somebody has stated a number. */
  readonly btfArgs?: number;
}
