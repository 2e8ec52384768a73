import { createLibp2p, type Libp2p } from 'libp2p';
import { generateKeyPair } from '@libp2p/crypto/keys';
import type { PeerId, PeerStore } from '@libp2p/interface';
import { peerIdFromPrivateKey } from '@libp2p/peer-id';
import { multiaddr } from '@multiformats/multiaddr';
import { mergeProtocolsOnce, MERGED_FOR } from './known-protocols.js';

describe('protocols that libp2p merges with every stream', () => {
  let host: Libp2p;
  let store: PeerStore;
  let peer: PeerId;
  let time: number;
  let merges: number;

  beforeEach(async () => {
    host = await createLibp2p({ start: false });
    store = host.peerStore;
    peer = peerIdFromPrivateKey(await generateKeyPair('Ed25519'));
    [time, merges] = [0, 0];
    const merge = store.merge.bind(store);
    store.merge = (...args) => {
      merges += 1;
      return merge(...args);
    };
    mergeProtocolsOnce(store, () => time);
  });

  const speak = (...protocols: string[]) => store.merge(peer, { protocols });
  const spoken = async (): Promise<string[]> => (await store.get(peer)).protocols.sort();

  it('are merged once, each', async () => {
    for (let stream = 0; stream < 5; stream++) expect((await speak('/a')).protocols).toEqual(['/a']);
    expect(merges).toBe(1);
    expect((await speak('/b')).protocols.sort()).toEqual(['/a', '/b']);
    await speak('/a');
    await speak('/a', '/b');
    expect(merges).toBe(2);
    await speak('/a', '/c');
    expect(merges).toBe(3);
    expect(await spoken()).toEqual(['/a', '/b', '/c']);
  });

  it('of one peer are not those of another', async () => {
    await speak('/a');
    const other = peerIdFromPrivateKey(await generateKeyPair('Ed25519'));
    expect((await store.merge(other, { protocols: ['/a'] })).id.equals(other)).toBe(true);
    expect(merges).toBe(2);
  });

  it('are merged again after a while: the store forgets', async () => {
    await speak('/a');
    time += MERGED_FOR - 1;
    await speak('/a');
    expect(merges).toBe(1);
    time += 1;
    await speak('/a');
    expect(merges).toBe(2);
    await speak('/a');
    expect(merges).toBe(2);
  });

  it.each<[string, () => Promise<unknown>]>([
    ['what the peer says of itself', () => store.patch(peer, { protocols: ['/b'] })],
    ['another record', () => store.save(peer, { protocols: ['/b'] })],
    ['a deletion', () => store.delete(peer)],
  ])('are merged again after %s, under way or done', async (_, change) => {
    await speak('/a');
    await change();
    await speak('/a');
    expect(await spoken()).toContain('/a');
    await Promise.all([change(), speak('/a'), change()]);
    await speak('/a');
    expect(await spoken()).toContain('/a');
    // A stream that is opened between two changes.
    const first = speak('/c');
    await Promise.all([change(), first]);
    await speak('/c');
    expect(await spoken()).toContain('/c');
  });

  it('go with whatever else is told of the peer', async () => {
    await speak('/a');
    for (const port of [1, 2]) {
      const { addresses } = await store.merge(peer, {
        protocols: ['/a'],
        multiaddrs: [multiaddr(`/ip4/1.2.3.4/tcp/${port}`)],
      });
      expect(addresses).toHaveLength(port);
    }
    expect(merges).toBe(3);
  });
});
