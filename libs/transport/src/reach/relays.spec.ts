import { silentLog } from '@dfs/runtime';
import { jest } from '@jest/globals';
import { RELAY_TICK, UPGRADE_INTERVAL } from '../constants.js';
import type { Host, ReservationStore } from '../host.js';
import { testIdentity } from '../testing/suite-context.js';
import { Relays } from './relays.js';

const MEMBER = testIdentity().peerId;

/** No place is asked for, and none is held. */
const noPlaces = (): ReservationStore =>
  Object.assign(new EventTarget(), {
    addRelay: () => Promise.reject(new Error('no relay here')),
    hasReservation: () => false,
    cancelReservations: () => {},
    relayFilter: { has: () => false, add: () => {} },
  });

describe('a member that is reached through another one', () => {
  let relays: Relays;
  let dials: number;

  beforeEach(() => {
    jest.useFakeTimers();
    dials = 0;
    relays = new Relays({
      self: testIdentity().peerId,
      log: silentLog,
      isMember: () => true,
      connections: () => [
        { peerId: MEMBER, address: `/p2p/${MEMBER}/p2p-circuit/p2p/${MEMBER}`, direction: 'out', openedAt: 0 },
      ],
      dialDirectly: () => {
        dials++;
        return Promise.reject(new Error('no address of it is known'));
      },
      closeRelayed: () => Promise.resolve(),
    });
    relays.attach({ components: {} } as unknown as Host, noPlaces());
    relays.missed(MEMBER);
  });
  afterEach(async () => {
    jest.useRealTimers();
    await relays.detach();
  });

  it('is dialled directly once, and again after a while', async () => {
    expect(dials).toBe(1);
    await jest.advanceTimersByTimeAsync(UPGRADE_INTERVAL - RELAY_TICK);
    expect(dials).toBe(1);
    await jest.advanceTimersByTimeAsync(2 * RELAY_TICK);
    expect(dials).toBe(2);
  });

  it('is dialled again as soon as it has said where it listens, however often it says so', async () => {
    relays.identified(MEMBER);
    await jest.advanceTimersByTimeAsync(RELAY_TICK);
    expect(dials).toBe(2);
    for (let n = 0; n < 100; n++) relays.identified(MEMBER);
    expect(dials).toBe(2);
    await jest.advanceTimersByTimeAsync(RELAY_TICK);
    expect(dials).toBe(3);
    await jest.advanceTimersByTimeAsync(UPGRADE_INTERVAL - RELAY_TICK);
    expect(dials).toBe(3);
  });
});
