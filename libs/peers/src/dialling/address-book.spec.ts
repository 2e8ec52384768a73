import { silentLog } from '@dfs/runtime';
import { signerFromRaw } from '@dfs/protocol';
import { fakeClock, tempDatabase } from '@dfs/testing';
import { AddressBook } from './address-book.js';
import { MAX_ADDRESSES } from '../constants.js';
import { peersEntities, peersMigrations } from '../schema.js';

const { peerId } = signerFromRaw(new Uint8Array(32).fill(7));
const at = (host: string, count: number): string[] =>
  Array.from({ length: count }, (_, n) => `/ip4/10.0.${host}.${n + 1}/tcp/4001`);

it('what others say of a member never takes the place of all that it said itself', async () => {
  await using temp = await tempDatabase(peersMigrations, peersEntities);
  const clock = fakeClock();
  const book = new AddressBook({ db: temp.db, clock, log: silentLog });
  const said = at('1', 6);
  book.learn(peerId, said, 'said');
  for (let n = 0; n < 10; n++) {
    clock.advance(1000);
    expect(book.learn(peerId, at(String(100 + n), 4), 'relayed')).toBe(true);
  }
  const known = book.addressesOf(peerId);
  expect(known).toEqual(expect.arrayContaining([...said, ...at('109', 4)]));
  expect(known.length).toBeLessThanOrEqual(MAX_ADDRESSES);
  clock.advance(1000);
  book.learn(peerId, at('2', MAX_ADDRESSES), 'said');
  clock.advance(1000);
  book.learn(peerId, at('3', 4), 'relayed');
  expect(book.addressesOf(peerId)).toEqual(expect.arrayContaining(at('3', 4)));
  await book.flush();
});
