import type { MemberRole } from '@dfs/contracts';
import { slices } from '@dfs/database';
import { DfsError, isDfsError, Recurring, type Log, type Ran, type WorkStatus } from '@dfs/runtime';
import { FAREWELL_PROTOCOL, farewellMessage, recordsMessage, type ReturnTicket, type WireValue } from '@dfs/protocol';
import { request, type Transport } from '@dfs/transport';
import type { AddressBook } from '../dialling/address-book.js';
import { DIAL_TIME, JOIN_TIME, RETURN_ASKED, RETURN_MAX, RETURN_MIN, STATUS_TIME } from '../constants.js';
import { addTold, enterNetwork, type NetworkChangedGuest, type Welcome } from './joining.js';
import type { Membership } from '../membership/membership.js';
import type { Place } from '../membership/network-file.js';
import { RecordGraph } from '../membership/record-graph.js';
import { rosterOf } from '../membership/roster.js';

/** The parts by which a node without a database finds its way back. */
export interface ComingBackComponents {
  transport: Transport;
  membership: Membership;
  book: AddressBook;
  log: Log;
  /** Where a node was found on the local network. */
  foundAt: (peerId: string) => string[];
}

/**
 * How a member that lost its database gets membership back. It is no stranger: it proves its peer id by the connection,
 * and asks a member, over `/dfs/farewell/1`, for what it lacks.
 */
export class ComingBack {
  private readonly asking: Recurring;
  /** Times that the members were asked in vain. */
  private vain = 0;
  /** By the monotonic clock, when they were last asked. */
  private askedAt = -Infinity;
  private back: (members: readonly Place[]) => void = () => undefined;

  constructor(
    private readonly components: ComingBackComponents,
    private readonly guests: readonly NetworkChangedGuest[],
  ) {
    const pause = (): number => Math.min(RETURN_MIN * 2 ** Math.min(this.vain++, 20), RETURN_MAX);
    this.asking = new Recurring(
      {
        name: 'ask for the membership that was lost',
        every: () => (components.membership.isReturning ? pause() : Infinity),
        gather: RETURN_MIN,
        failed: 'this node could not come back to its network',
        run: () => this.tryToComeBack(),
      },
      { log: components.log },
    );
  }

  /** Asks the members that this node remembers, again and again, until it is back. */
  start(back: (members: readonly Place[]) => void): void {
    const { membership, log } = this.components;
    if (!membership.isReturning) return;
    const { remembered, networkId } = membership;
    log.warn({ network: networkId, members: remembered.length }, 'this node lost its database, and asks its members');
    this.back = back;
    this.asking.start(0);
  }

  /** Tells that a peer has come and proven its id. A member that is remembered is up, then: it is asked without waiting. */
  knocked(peerId: string): void {
    if (!this.components.membership.remembered.some((place) => place.peerId === peerId)) return;
    this.asking.soon(Math.max(0, this.askedAt + RETURN_MIN - performance.now()));
  }

  stop(): Promise<void> {
    return this.asking.stop();
  }

  /** Its recurring work in the background; none where nothing was lost. */
  work(): WorkStatus[] {
    return this.asking.isOn ? [this.asking.status()] : [];
  }

  /**
   * Comes back by a return ticket.
   * @param consent whether to go on, once it is known what this node is there; refuses by throwing
   * @throws DfsError `ticket-invalid` for the ticket of another, `peer-unreachable`, `not-a-member` when it was removed,
   * `conflict`, and what guests refuse with
   */
  async byTicket(ticket: ReturnTicket, consent: (role: MemberRole) => Promise<void>): Promise<void> {
    const { transport } = this.components;
    if (ticket.member !== transport.peerId) {
      throw new DfsError('ticket-invalid', 'This return ticket was made for another node: ask for one for this node.');
    }
    const place = { peerId: ticket.inviter, addresses: ticket.addresses };
    const welcome = await this.ask(ticket.networkId, place);
    if (welcome.role === undefined) {
      const detail = 'This node was removed from that network: ask an owner of it for a new ticket.';
      throw new DfsError('not-a-member', detail);
    }
    await consent(welcome.role);
    await enterNetwork(this.components, { ...welcome, addresses: placesOf([place]) }, this.guests);
  }

  private async tryToComeBack(): Promise<Ran> {
    const { membership, log } = this.components;
    if (!membership.isReturning) return 'idle';
    const { remembered, networkId } = membership;
    const welcome = await this.askAll(networkId, remembered).finally(() => (this.askedAt = performance.now()));
    if (!welcome || !membership.isReturning) return 'idle';
    await enterNetwork(this.components, { ...welcome, addresses: placesOf(remembered) }, this.guests);
    log.info({ network: networkId }, 'this node is back in its network');
    this.back(remembered);
    return 'idle';
  }

  /** The word of the first member that answers; a removal counts only when no member denies it. */
  private async askAll(networkId: string, places: readonly Place[]): Promise<Welcome | undefined> {
    let removed: Welcome | undefined;
    for (const some of slices(places, RETURN_ASKED)) {
      if (this.asking.signal.aborted) break;
      const asked = some.map((place) => this.ask(networkId, place));
      for (const answer of await Promise.allSettled(asked)) {
        if (answer.status === 'rejected') continue;
        if (answer.value.role !== undefined) return answer.value;
        removed = answer.value;
      }
    }
    return removed;
  }

  /** @throws DfsError `peer-unreachable`, `peer-misbehaved` */
  private async ask(networkId: string, { peerId, addresses }: Place): Promise<Welcome> {
    const { transport, foundAt, log } = this.components;
    const known = [...addresses, ...foundAt(peerId)].map(
      (address) => `${address.replace(/\/p2p\/.*$/, '')}/p2p/${peerId}`,
    );
    try {
      await this.reach(peerId, new Set(known));
      return await this.converse(networkId, peerId);
    } catch (error) {
      log.debug({ err: error, peer: peerId }, 'a member does not tell this node of its network');
      throw isDfsError(error)
        ? error
        : new DfsError('peer-misbehaved', 'The member did not answer as it should.', { cause: error });
    } finally {
      // A stranger to this node until it has the membership: it connects anew.
      await transport.hangUp(peerId).catch(() => undefined);
    }
  }

  private async reach(peerId: string, addresses: ReadonlySet<string>): Promise<void> {
    const { transport } = this.components;
    for (const address of addresses) {
      const signal = AbortSignal.any([this.asking.signal, AbortSignal.timeout(DIAL_TIME)]);
      try {
        const met = await transport.dial(address, { signal });
        if (met === peerId) return;
        await transport.hangUp(met);
      } catch {
        // The next one, then.
      }
    }
    const where = addresses.size === 0 ? 'no address of it is known' : `nobody answers at ${[...addresses].join(', ')}`;
    throw new DfsError(
      'peer-unreachable',
      `The member cannot be reached, or does not know this node: ${where}. Check that it runs and can be reached from here.`,
    );
  }

  private async converse(networkId: string, peerId: string): Promise<Welcome> {
    const { transport } = this.components;
    const signal = AbortSignal.any([this.asking.signal, AbortSignal.timeout(JOIN_TIME)]);
    const message = farewellMessage.form({ known: [], records: [] }) as WireValue;
    const graph = new RecordGraph();
    for await (const { header } of request(transport, peerId, FAREWELL_PROTOCOL, message, {
      signal,
      timeoutMs: STATUS_TIME,
    })) {
      addTold(graph, recordsMessage.parse(header, 'records').records, networkId);
    }
    if (graph.size === 0)
      throw new DfsError(
        'not-a-member',
        'The network of that node does not know this node: ask one of its owners for a ticket.',
      );
    const { members, former } = rosterOf(graph);
    const self = members.get(transport.peerId);
    const isTold = self ? members.has(peerId) : former.has(transport.peerId);
    if (!isTold)
      throw new DfsError('peer-misbehaved', 'The member answered with a network that does not have this node.');
    const records = graph.nodes.map(({ record }) => record);
    return { networkId, records, role: self?.role, addresses: [], comesBack: true };
  }
}

function placesOf(places: readonly Place[]): Welcome['addresses'] {
  return places.map(({ peerId, addresses }) => ({ peerId, addresses: [...addresses] }));
}
