// A switch-driven interpreter running a small program, the sum of the primes below 60; compiled with -O0.
#include "bpf.h"

enum { PUSH, LOAD, STORE, ADD, MUL, MOD, LESS, JUMP, JUMP_IF_ZERO, STOP };
enum { N, D, SUM };

struct step {
  u8 op;
  s16 arg;
};

static const struct step program[] = {
  {PUSH, 2}, {STORE, N},                                                      //  0
  {LOAD, N}, {PUSH, 60}, {LESS}, {JUMP_IF_ZERO, 34},                          //  2: while n < 60
  {PUSH, 2}, {STORE, D},                                                      //  6
  {LOAD, D}, {LOAD, D}, {MUL}, {LOAD, N}, {PUSH, 1}, {ADD}, {LESS}, {JUMP_IF_ZERO, 25}, // 8: while d * d <= n
  {LOAD, N}, {LOAD, D}, {MOD}, {JUMP_IF_ZERO, 29},                            // 16: if n % d == 0, next n
  {LOAD, D}, {PUSH, 1}, {ADD}, {STORE, D}, {JUMP, 8},                         // 20
  {LOAD, SUM}, {LOAD, N}, {ADD}, {STORE, SUM},                                // 25: n is prime
  {LOAD, N}, {PUSH, 1}, {ADD}, {STORE, N}, {JUMP, 2},                         // 29
  {LOAD, SUM}, {STOP},                                                        // 34
};

SEC("socket") u64 entry(void *ctx) {
  u64 stack[8] = {0}, variables[3] = {0};
  u32 top = 0, pc = 0;
  for (u32 steps = 0; steps < 100000; steps++) {
    struct step s = program[pc++];
    switch (s.op) {
    case PUSH: stack[top++] = s.arg; break;
    case LOAD: stack[top++] = variables[s.arg]; break;
    case STORE: variables[s.arg] = stack[--top]; break;
    case ADD: top--; stack[top - 1] += stack[top]; break;
    case MUL: top--; stack[top - 1] *= stack[top]; break;
    case MOD: top--; stack[top - 1] %= stack[top]; break;
    case LESS: top--; stack[top - 1] = stack[top - 1] < stack[top]; break;
    case JUMP: pc = s.arg; break;
    case JUMP_IF_ZERO: if (stack[--top] == 0) pc = s.arg; break;
    default: return (u64)steps << 32 | stack[top - 1];
    }
  }
  return 0;
}
