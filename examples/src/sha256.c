// SHA-256 of "abc" and of two blocks (FIPS 180-4); returns 64 bits of the second digest, 0 if the first is wrong.
#include "bpf.h"

static const u32 constants[64] = {
  0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
  0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
  0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
  0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
  0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
  0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
  0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
  0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};
static const char abc[] = "abc";
static const char longer[] = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
static u32 digest[8];

static inline u32 rotr(u32 x, u32 n) { return x >> n | x << (32 - n); }

static noinline void block(const u8 *p) {
  u32 w[64], s[8];
  for (int i = 0; i < 16; i++) w[i] = (u32)p[4 * i] << 24 | p[4 * i + 1] << 16 | p[4 * i + 2] << 8 | p[4 * i + 3];
  for (int i = 16; i < 64; i++) {
    u32 s0 = rotr(w[i - 15], 7) ^ rotr(w[i - 15], 18) ^ w[i - 15] >> 3;
    u32 s1 = rotr(w[i - 2], 17) ^ rotr(w[i - 2], 19) ^ w[i - 2] >> 10;
    w[i] = w[i - 16] + s0 + w[i - 7] + s1;
  }
  for (int i = 0; i < 8; i++) s[i] = digest[i];
#pragma nounroll
  for (int i = 0; i < 64; i++) {
    u32 t1 = s[7] + (rotr(s[4], 6) ^ rotr(s[4], 11) ^ rotr(s[4], 25)) + ((s[4] & s[5]) ^ (~s[4] & s[6])) + constants[i] + w[i];
    u32 t2 = (rotr(s[0], 2) ^ rotr(s[0], 13) ^ rotr(s[0], 22)) + ((s[0] & s[1]) ^ (s[0] & s[2]) ^ (s[1] & s[2]));
    s[7] = s[6]; s[6] = s[5]; s[5] = s[4]; s[4] = s[3] + t1;
    s[3] = s[2]; s[2] = s[1]; s[1] = s[0]; s[0] = t1 + t2;
  }
  for (int i = 0; i < 8; i++) digest[i] += s[i];
}

static u8 padded[128];

static noinline void sha256(const char *text, u32 length) {
  u32 size = length + 9 <= 64 ? 64 : 128;
  digest[0] = 0x6a09e667; digest[1] = 0xbb67ae85; digest[2] = 0x3c6ef372; digest[3] = 0xa54ff53a;
  digest[4] = 0x510e527f; digest[5] = 0x9b05688c; digest[6] = 0x1f83d9ab; digest[7] = 0x5be0cd19;
  for (u32 i = 0; i < size; i++) padded[i] = i < length ? text[i] : i == length ? 0x80 : 0;
  padded[size - 2] = length >> 5;
  padded[size - 1] = length << 3;
  for (u32 at = 0; at < size; at += 64) block(padded + at);
}

SEC("tc") u64 entry(void *ctx) {
  sha256(abc, sizeof(abc) - 1);
  if (digest[0] != 0xba7816bf || digest[7] != 0xf20015ad) return 0;
  sha256(longer, sizeof(longer) - 1);
  return (u64)digest[0] << 32 | digest[7];
}
