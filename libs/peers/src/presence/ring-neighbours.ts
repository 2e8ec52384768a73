/** The members next to this one on the ring of all that are connected, by peer id: one on either side. */
export function neighboursOf(self: string, connected: readonly string[]): Set<string> {
  const others = [...connected].sort();
  const next = others.find((peerId) => peerId > self) ?? others[0];
  const before = others.findLast((peerId) => peerId < self) ?? others.at(-1);
  return new Set([next, before].filter((peerId) => peerId !== undefined));
}
