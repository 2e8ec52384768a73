import { STATUS_PROTOCOL, StatusLine, statusMessage, type StatusMessage } from '@dfs/protocol';
import { eventually } from '@dfs/testing';
import type { Channel, Transport } from '@dfs/transport';
import { TestNetwork, type TestNode } from '../../testing/network.js';
import { MAX_SECTION_BYTES, MAX_SECTION_OFFENCES } from '../constants.js';
import { Session } from '../presence/session.js';

type Two = [TestNode, TestNode];

function statusOf(membership: Uint8Array, beat: number): StatusMessage {
  return statusMessage.parse({ method: 'status', boot: 1, revision: beat, beat, synced: true, membership }, 'status');
}

/** A member that speaks for itself in place of its engine. */
class Speaker {
  private readonly told = new StatusLine();
  private revision = 0;

  private constructor(
    readonly transport: Transport,
    private readonly channel: Channel,
    private readonly membership: Uint8Array,
  ) {}

  /** The engine of `member` is stopped. */
  static async of(network: TestNetwork, member: TestNode, to: TestNode): Promise<Speaker> {
    const fingerprint = to.membership.fingerprint();
    await network.stop(member);
    const transport = network.memory.node(member.signer);
    transport.setGate({ isMember: () => true, acceptsStrangers: () => false });
    // It is asked in turn, and a member that does not answer is hung up on.
    transport.handle(STATUS_PROTOCOL, async (channel) => {
      const line = new StatusLine();
      let beat = 0;
      for await (const frame of channel.frames()) {
        void frame;
        await channel.send(line.tell(statusOf(fingerprint, ++beat)));
      }
    });
    await transport.start();
    await transport.dialPeer(to.peerId, to.transport.addresses());
    return new Speaker(transport, await transport.open(to.peerId, '/dfs/status/1'), fingerprint);
  }

  /** One exchange with these sections. */
  async tell(sections: StatusMessage['sections']): Promise<void> {
    await this.channel.send(this.told.tell({ ...statusOf(this.membership, ++this.revision), sections }));
    for await (const frame of this.channel.frames()) {
      void frame;
      return;
    }
    throw new Error('the other side has ended the exchange');
  }
}

describe('a status', () => {
  it('with ever new sections is not kept, and ends the connection', async () => {
    await using network = new TestNetwork();
    const [a, b] = (await network.joined('a', 'b')) as Two;
    const speaker = await Speaker.of(network, b, a);
    const flood = async (): Promise<void> => {
      for (let i = 0; i < 1_000; i++) {
        await speaker.tell(
          Array.from({ length: 16 }, (_, at) => ({ name: `s${i}-${at}`, value: new Uint8Array(1000) })),
        );
      }
    };
    await expect(flood()).rejects.toBeDefined();
    await eventually(() => a.transport.connections().length === 0, { what: 'it is hung up on' });
    await speaker.transport.stop();
  });

  it('by a newer version, with sections that nobody here knows, is taken', async () => {
    await using network = new TestNetwork();
    const [a, b] = (await network.joined('a', 'b')) as Two;
    const speaker = await Speaker.of(network, b, a);
    for (let i = 0; i < 3 * MAX_SECTION_OFFENCES; i++) await speaker.tell([{ name: 'of tomorrow', value: i }]);
    expect(a.transport.connections()).toHaveLength(1);
    await speaker.transport.stop();
  });
});

describe('what is kept of a member', () => {
  it('are the sections that somebody listens for, up to a size', () => {
    const session = new Session('b', (name) => name === 'known');
    let revision = 0;
    const take = (...sections: StatusMessage['sections']): void => {
      session.take({ ...statusOf(new Uint8Array(32), ++revision), sections }, 0);
    };
    take({ name: 'known', value: 'a' }, { name: 'unknown', value: 'b' });
    expect([...session.sections]).toEqual([['known', 'a']]);
    expect(session.offences).toBe(0);
    take({ name: 'known', value: new Uint8Array(MAX_SECTION_BYTES) });
    expect([...session.sections]).toEqual([['known', 'a']]);
    expect(session.offences).toBe(1);
    for (let i = 0; i < 100; i++) take({ name: `new ${i}`, value: i });
    expect(session.sections.size).toBe(1);
    expect(session.offences).toBeGreaterThan(MAX_SECTION_OFFENCES);
  });
});
