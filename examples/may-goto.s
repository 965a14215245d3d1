# A loop bounded by may_goto (Linux): a thousand rounds use up little of its budget, so the count ends it.
entry:
  r0 = 0
  r1 = 1000
again:
  may_goto out
  r0 *= 3
  r0 += r1
  r1 += -1
  if r1 != 0 goto again
out:
  exit
