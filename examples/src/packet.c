// Parses Ethernet, two VLAN tags, IPv4 and TCP; checks both checksums; mixes what it found.
#include "bpf.h"

static const u8 packet[] = {
  0x02, 0x00, 0x00, 0x00, 0x00, 0x01, 0x02, 0x00, 0x00, 0x00, 0x00, 0x02, // Ethernet
  0x88, 0xa8, 0x00, 0x64, 0x81, 0x00, 0x20, 0x0a, 0x08, 0x00,             // VLAN 100, VLAN 10 priority 1
  0x45, 0x00, 0x00, 0x38, 0x1c, 0x46, 0x40, 0x00, 0x40, 0x06, 0x00, 0x00, // IPv4, 56 bytes, TCP
  0xc0, 0xa8, 0x01, 0x0a, 0x5d, 0xb8, 0xd8, 0x22,                         // 192.168.1.10 > 93.184.216.34
  0xd4, 0x31, 0x01, 0xbb, 0x12, 0x34, 0x56, 0x78, 0x9a, 0xbc, 0xde, 0xf0, // 54321 > 443
  0x60, 0x18, 0xfa, 0xf0, 0x00, 0x00, 0x00, 0x00, 0x01, 0x01, 0x08, 0x0a, // options: NOP NOP timestamp
  'G', 'E', 'T', ' ', '/', ' ', 'H', 'T', 'T', 'P', '\r', '\n',           // payload
};

enum { ETH_P_IP = 0x0800, ETH_P_8021Q = 0x8100, ETH_P_8021AD = 0x88a8, IPPROTO_TCP = 6 };

struct cursor {
  const u8 *at;
  const u8 *end;
};

static inline u32 be16(const u8 *p) { return (u32)p[0] << 8 | p[1]; }
static inline u32 be32(const u8 *p) { return be16(p) << 16 | be16(p + 2); }

/* RFC 1071, without the final complement. */
static noinline u32 sum16(const u8 *p, u32 length, u32 sum) {
  for (u32 i = 0; i + 1 < length; i += 2) sum += be16(p + i);
  if (length & 1) sum += (u32)p[length - 1] << 8;
  while (sum >> 16) sum = (sum & 0xffff) + (sum >> 16);
  return sum;
}

/* The EtherType behind the VLAN tags, 0 if the packet ends before; adds up the tags. */
static noinline u32 parse_ethernet(struct cursor *c, u64 *vlans) {
  if (c->at + 14 > c->end) return 0;
  u32 type = be16(c->at + 12);
  c->at += 14;
  for (int tags = 0; tags < 2 && (type == ETH_P_8021Q || type == ETH_P_8021AD); tags++) {
    if (c->at + 4 > c->end) return 0;
    *vlans = *vlans << 16 | be16(c->at);
    type = be16(c->at + 2);
    c->at += 4;
  }
  return type;
}

static noinline s64 parse_tcp(const struct cursor *c, u64 pseudo) {
  if (c->at + 20 > c->end) return -3;
  u32 header = (c->at[12] >> 4) * 4;
  if (header < 20 || c->at + header > c->end) return -4;
  u32 length = c->end - c->at;
  u32 checksum = ~sum16(c->at, length, pseudo + IPPROTO_TCP + length) & 0xffff;
  u64 ports = (u64)be16(c->at) << 16 | be16(c->at + 2);
  return (ports << 32 | checksum << 16 | (length - header) << 8 | c->at[13]) & 0x7fffffffffffffff;
}

SEC("xdp") u64 entry(void *ctx) {
  struct cursor c = {packet, packet + sizeof(packet)};
  u64 vlans = 0;
  if (parse_ethernet(&c, &vlans) != ETH_P_IP) return -1;
  if (c.at + 20 > c.end || c.at[0] >> 4 != 4) return -2;
  u32 header = (c.at[0] & 15) * 4;
  const u8 *ip = c.at;
  u32 total = be16(ip + 2);
  if (header < 20 || total < header || ip + total > c.end) return -2;
  u32 checksum = ~sum16(ip, header, 0) & 0xffff;
  c.at = ip + header;
  c.end = ip + total;
  if (ip[9] != IPPROTO_TCP) return -5;
  s64 tcp = parse_tcp(&c, sum16(ip + 12, 8, 0));
  if (tcp < 0) return tcp;
  return (u64)tcp ^ vlans << 20 ^ (u64)checksum * 0x9e3779b9 ^ (u64)be32(ip + 12) * be32(ip + 16);
}
