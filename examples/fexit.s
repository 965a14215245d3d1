# A program behind a trampoline: native code calls a traced function, the trampoline calls that itself, and the program
# runs when it has returned. r1 points to what was passed, word by word, then to what the function returned.
#
# oracle: native fexit=u64,u32,u64,u64,u64,struct16,s32,u128:u128
#
# Five words and the s32 travel in registers: the struct no longer fits into the sixth and goes to the stack whole, so
# the s32 behind it takes r9. The struct is two words of the stack, the __int128 the two after it: 10 words.
main:
  r6 = r1
  r0 = *(u64 *)(r6 - 8)
  r7 = 0
loop:
  # Position times word, so that no two may change places.
  r2 = r7
  r2 <<= 3
  r3 = r6
  r3 += r2
  r4 = *(u64 *)(r3 + 0)
  r0 *= 31
  r0 += r4
  r7 += 1
  if r7 != 12 goto loop
  exit
