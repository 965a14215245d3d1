; What examples/kernel-image/prog.jited.json was made of, in LLVM's pseudo-C.
  r6 = *(u32 *)(r1 + 0)
  call 7
  r7 = r0
  call 5
  r7 += r0
  r1 = r6
  r2 = r7
  call add
  exit
add:
  r0 = r1
  r0 += r2
  exit
