# A function of eight arguments throws while main holds r6..r9 and has arguments of the next call on its stack: the
# callback goes on in main's place, with the cookie, and main's caller finds all its registers as it left them.
#
# oracle: exception-callback cleanup
# oracle: proto sum=8
# oracle: proto deeper=1
main:
  r6 = 10
  r7 = 20
  *(u64 *)(r10 - 8) = r6
  r1 = 1
  r2 = 2
  r3 = 3
  r4 = 4
  r5 = 5
  *(u64 *)(r11 - 8) = 6
  *(u64 *)(r11 - 16) = 7
  *(u64 *)(r11 - 24) = r7
  call sum
  r6 += r0
  # Stored, and not passed yet.
  *(u64 *)(r11 - 16) = 0x1111
  *(u64 *)(r11 - 24) = 0x2222
  r1 = r6
  call deeper
  r0 = 77
  exit

sum:
  r0 = *(u64 *)(r11 + 8)
  r6 = *(u64 *)(r11 + 16)
  r7 = *(u64 *)(r11 + 24)
  r0 += r6
  r0 += r7
  r0 += r1
  exit

deeper:
  r8 = r1
  r1 <<= 8
  call bpf_throw
  r0 = r8
  exit

.type cleanup, @function
cleanup:
  r6 = r1
  *(u64 *)(r10 - 16) = r6
  r0 = *(u64 *)(r10 - 16)
  r0 += 1
  exit
