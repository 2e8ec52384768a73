import { setTimeout as delay } from 'node:timers/promises';
import { peerIdFromString } from '@libp2p/peer-id';
import { MAX_RESERVATIONS } from '../constants.js';
import { RelayServer, type RelayServerOptions } from './relay-server.js';
import { testIdentity } from '../testing/suite-context.js';

const quiet = Object.assign(() => {}, { error: () => {}, trace: () => {} });

describe('RelayServer', () => {
  const peer = () => peerIdFromString(testIdentity().peerId);
  /** The real service, with no network below it. */
  function places(options: Partial<RelayServerOptions> = {}) {
    const server = new RelayServer({ isMember: () => true, isDirect: () => true, ...options });
    const parts = { logger: { forComponent: () => quiet } } as unknown as Parameters<
      ReturnType<typeof server.service>
    >[0];
    const { reservationStore } = server.service()(parts) as unknown as {
      reservationStore: {
        reserve(peer: unknown): { status: string };
        removeReservation(peer: unknown): void;
        get(peer: unknown): { signal: AbortSignal } | undefined;
      };
    };
    return { server, store: reservationStore };
  }

  it('keeps a place for as long as it is renewed', async () => {
    const { store } = places({ placeTtl: 1000 });
    const holder = peer();
    let ended = 0;
    // Over more than the time that each has: what libp2p itself keeps runs out in the middle.
    for (let i = 0; i < 40; i++) {
      store.reserve(holder);
      store.get(holder)?.signal.addEventListener('abort', () => ended++);
      await delay(50);
    }
    expect([ended, store.get(holder) !== undefined]).toEqual([0, true]);
  });

  it('ends no place for one of the same member that was taken back before', async () => {
    const { store } = places({ placeTtl: 1000 });
    const holder = peer();
    store.reserve(holder);
    const before = store.get(holder)!.signal;
    // As libp2p does when its answer does not get through.
    store.removeReservation(holder);
    let kept = true;
    // Over more than the time that the first one had.
    for (let i = 0; i < 25; i++) {
      store.reserve(holder);
      await delay(50);
      kept &&= store.get(holder) !== undefined;
    }
    expect([before.aborted, kept]).toEqual([false, true]);
  });

  it('has so many places, and lets who has one renew it', () => {
    const { store } = places();
    const holders = Array.from({ length: MAX_RESERVATIONS }, peer);
    expect(new Set(holders.map((holder) => store.reserve(holder).status))).toEqual(new Set(['OK']));
    expect(store.reserve(peer()).status).toBe('RESERVATION_REFUSED');
    expect(store.reserve(holders[0]).status).toBe('OK');
  });

  it('connects members with each other, and those alone whom it reaches itself', () => {
    const [member, other, stranger] = [peer(), peer(), peer()];
    const isMember = (peerId: string) => peerId !== stranger.toString();
    const { gater } = new RelayServer({ isMember, isDirect: (peerId) => peerId !== other.toString() });
    expect([member, stranger].map((each) => gater.denyInboundRelayReservation?.(each))).toEqual([false, true]);
    const denied = [
      [other, member],
      [member, other],
      [member, stranger],
      [stranger, member],
    ].map(([from, to]) => gater.denyOutboundRelayedConnection?.(from!, to!));
    expect(denied).toEqual([false, true, true, true]);
  });
});
