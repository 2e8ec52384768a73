import { minute, second, SleepWatch, VirtualTime } from '@dfs/runtime';
import { signerFromRaw } from '@dfs/protocol';
import { heartbeatBytes, type ProvenBeat } from '../status/heartbeat.js';
import { Liveness } from './liveness.js';

const NETWORK = '0d'.repeat(32);
const signer = signerFromRaw(Buffer.alloc(32, 1));
const ann = signerFromRaw(Buffer.alloc(32, 2));
const beatOf = (beat: number, by = ann, networkId = NETWORK): ProvenBeat => ({
  beat,
  proof: by.sign(heartbeatBytes(networkId, beat)),
});

function liveness() {
  const time = new VirtualTime();
  let set = 0;
  const clock = { now: () => time.now() + set };
  const sleep = new SleepWatch({ clock, timers: time, running: () => time.ticks() });
  sleep.start();
  const live = new Liveness({
    clock,
    sleep,
    self: signer.peerId,
    graceMs: () => 10 * minute,
    lastSeenBefore: (peerId) => (peerId === 'old' ? 1 : undefined),
    networkId: () => NETWORK,
    sign: (bytes) => signer.sign(bytes),
  });
  live.start(3);
  /** Time passes as on a machine that is awake. */
  const pass = (minutes: number): void => {
    for (let i = 0; i < minutes; i++) {
      time.advance(minute);
      live.tick();
    }
  };
  /** The machine sleeps, or somebody sets its clock. */
  const jump = (by: number): void => void (set += by);
  return { clock, live, pass, jump };
}

describe('liveness', () => {
  it('counts a member until no heartbeat has come for the grace, and again when one comes', () => {
    const { live, pass } = liveness();
    live.spoke('ann', 5);
    pass(10);
    expect(live.inGrace('ann')).toBe(true);
    pass(1);
    expect(live.inGrace('ann')).toBe(false);
    live.spoke('ann', 6);
    expect(live.inGrace('ann')).toBe(true);
  });

  it('counts those that it lost together for a grace more, when it was this node that was away', () => {
    const { live, pass } = liveness();
    live.spoke('gone long before', 1);
    pass(30);
    live.spoke('ann', 5);
    live.spoke('ben', 5);
    pass(11);
    for (const peerId of ['ann', 'ben']) expect(live.inGrace(peerId)).toBe(false);
    live.spoke('ann', 6);
    expect(live.inGrace('ben')).toBe(true);
    expect(live.inGrace('gone long before')).toBe(false);
    pass(10);
    expect(live.inGrace('ben')).toBe(true);
    pass(1);
    expect(live.inGrace('ben')).toBe(false);
  });

  it('blames a member that is silent while another one speaks', () => {
    const { live, pass } = liveness();
    live.spoke('ann', 5);
    live.spoke('ben', 5);
    for (let beat = 6; beat < 16; beat++) {
      pass(2);
      live.spoke('ann', beat);
    }
    expect(live.inGrace('ben')).toBe(false);
    pass(11);
    live.spoke('ann', 99);
    expect(live.inGrace('ben')).toBe(false);
  });

  it('counts everyone for a grace from its own start', () => {
    const { live, pass } = liveness();
    pass(9);
    expect(live.inGrace('never heard of')).toBe(true);
    pass(2);
    expect(live.inGrace('never heard of')).toBe(false);
  });

  it('takes a relayed heartbeat for one, and the same one again for none', () => {
    const { live, pass } = liveness();
    expect(live.relayed(ann.peerId, beatOf(5))).toBe(true);
    pass(6);
    expect(live.relayed(ann.peerId, beatOf(5))).toBe(false);
    expect(live.relayed(ann.peerId, beatOf(4))).toBe(false);
    pass(5);
    expect(live.inGrace(ann.peerId)).toBe(false);
    expect(live.relayed(ann.peerId, beatOf(6))).toBe(true);
    expect(live.inGrace(ann.peerId)).toBe(true);
  });

  it('believes no relayed heartbeat that its author has not signed, and passes none on', () => {
    const { live, pass } = liveness();
    live.spoke(ann.peerId, 5, beatOf(5).proof);
    expect(live.provenOf(ann.peerId)).toEqual(beatOf(5));
    live.spoke(ann.peerId, 6, beatOf(7).proof);
    live.spoke(ann.peerId, 7);
    expect(live.provenOf(ann.peerId)).toEqual(beatOf(5));
    pass(11);
    const invented = [
      beatOf(9, signer),
      beatOf(9, ann, 'ff'.repeat(32)),
      { ...beatOf(9), beat: 10 },
      { beat: 9, proof: Buffer.alloc(64) },
      { beat: 9, proof: Buffer.alloc(3) },
    ];
    for (const told of invented) expect(live.relayed(ann.peerId, told)).toBe(false);
    expect(live.inGrace(ann.peerId)).toBe(false);
    expect(live.relayed(ann.peerId, beatOf(9))).toBe(true);
    expect(live.provenOf(ann.peerId)).toEqual(beatOf(9));
  });

  it('signs each heartbeat once, and knows its own', () => {
    const { live, pass } = liveness();
    const proof = live.proof();
    expect(live.proof()).toBe(proof);
    expect(proof).toEqual(beatOf(live.current, signer).proof);
    pass(1);
    expect(live.proof()).toEqual(beatOf(live.current, signer).proof);
    expect(live.isMine(beatOf(2 ** 40, signer))).toBe(true);
    expect(live.isMine(beatOf(2 ** 40, ann))).toBe(false);
  });

  it('remembers what one who was restored from an old copy has said before', () => {
    const { live } = liveness();
    live.spoke(ann.peerId, 500, beatOf(500).proof);
    live.spoke(ann.peerId, 3, beatOf(3).proof);
    expect(live.provenOf(ann.peerId)?.beat).toBe(500);
    expect(live.relayed(ann.peerId, beatOf(400))).toBe(false);
  });

  it('blames nobody for the time it slept, even when asked before the next heartbeat', () => {
    const { live, pass, jump } = liveness();
    live.spoke('ann', 5);
    pass(5);
    jump(8 * 60 * minute);
    expect(live.inGrace('ann')).toBe(true);
    pass(10);
    expect(live.inGrace('ann')).toBe(true);
    pass(1);
    expect(live.inGrace('ann')).toBe(false);
  });

  it('is not misled by a clock that is set back', () => {
    const { live, pass, jump } = liveness();
    live.spoke('ann', 5);
    jump(-60 * minute);
    pass(10);
    expect(live.inGrace('ann')).toBe(true);
    pass(2);
    expect(live.inGrace('ann')).toBe(false);
  });

  it('always counts itself', () => {
    const { clock, live, pass } = liveness();
    pass(100);
    expect(live.inGrace(signer.peerId)).toBe(true);
    expect(live.lastSeen(signer.peerId)).toBe(clock.now());
  });

  it('goes on above what others know of it', () => {
    const { live, pass } = liveness();
    const before = live.current;
    pass(2);
    expect(live.current).toBe(before + 2);
    expect(live.raise(live.current)).toBeUndefined();
    const heard = live.current + 12_345_678;
    const epoch = live.raise(heard) ?? 0;
    expect(live.current).toBeGreaterThan(heard);
    live.start(epoch + 1);
    expect(live.current).toBeGreaterThan(heard);
  });

  it('remembers from earlier runs when a member was last seen', () => {
    const { clock, live, jump } = liveness();
    expect(live.lastSeen('old')).toBe(1);
    jump(5 * second);
    live.spoke('old', 1);
    expect(live.lastSeen('old')).toBe(clock.now());
    expect(live.lastSeen('new')).toBeUndefined();
  });
});
