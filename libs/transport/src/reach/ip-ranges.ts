import { BlockList, isIP } from 'node:net';

/** Ranges that lead nowhere from the Internet (IANA's special-purpose registries). */
const LOCAL = new BlockList();
for (const [network, bits] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 3],
] as const) {
  LOCAL.addSubnet(network, bits, 'ipv4');
}

/** Whether an IPv4 address can be one on the Internet. */
export function isPublicIPv4(ip: string): boolean {
  return isIP(ip) === 4 && !LOCAL.check(ip, 'ipv4');
}

/** Whether an IP address can be reached from this machine alone. */
export function isLoopback(ip: string): boolean {
  return ip === '::1' || (isIP(ip) === 4 && ip.startsWith('127.'));
}
