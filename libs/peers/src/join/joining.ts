import { randomBytes } from 'node:crypto';
import type { MemberRole } from '@dfs/contracts';
import type { Tx } from '@dfs/database';
import { DfsError, isDfsError, type Clock, type Log } from '@dfs/runtime';
import {
  JOIN_PROTOCOL,
  joinChallenge,
  joinProof,
  joinRequest,
  joinWelcome,
  readMembershipRecord,
  recordsMessage,
  type JoinWelcome,
  type MembershipRecord,
  type Ticket,
  type WireValue,
} from '@dfs/protocol';
import type { Channel, Frame, Transport } from '@dfs/transport';
import type { AddressBook } from '../dialling/address-book.js';
import { DIAL_TIME, JOIN_TIME } from '../constants.js';
import { addValid } from '../membership/add-valid.js';
import type { Membership } from '../membership/membership.js';
import { inviteIdOf, inviteKeyOf, isProof, proofOf } from './invite-proof.js';
import { RecordGraph } from '../membership/record-graph.js';
import { rosterOf } from '../membership/roster.js';

/** The parts by which this node, as newcomer, joins a network. */
export interface JoiningComponents {
  transport: Transport;
  membership: Membership;
  book: AddressBook;
  clock: Clock;
  log: Log;
  /** The name of this node. */
  name(): string;
  /** Where the inviter was found besides what the ticket says. */
  foundAt: (peerId: string) => string[];
  /** Whether to go on, once the inviter has said what this node will be; refuses by throwing. */
  consent: (role: MemberRole | null) => Promise<void>;
}

/** A join that is about to happen. */
export interface JoinPlan {
  /** The network that is to be joined. */
  networkId: string;
  /** The role of this node there; null while it is not known. */
  role: MemberRole | null;
  /** Whether this node is alone in the network it leaves: what is there is its own, to be brought along. */
  alone: boolean;
}

/** May refuse a join by throwing. Asked before anything is done, and once more when the role is known. */
export type JoinGuest = (plan: JoinPlan) => Promise<void>;

/** Called within the unit of work that changes the network; refuses it by throwing. `role`: of this node, in `to`. */
export type NetworkChangedGuest = (tx: Tx, from: string, to: string, role: MemberRole) => Promise<void>;

/** A network as one of its members told of it. */
export interface Welcome {
  networkId: string;
  /** All that the member knows, parents first. */
  records: readonly MembershipRecord[];
  /** The role of this node there; undefined when it was removed. */
  role: MemberRole | undefined;
  addresses: JoinWelcome['addresses'];
  /** This node was a member there before: it compares catalogues with a member before it writes. */
  comesBack: boolean;
}

/**
 * Leaves the network of one that this node has for that of the ticket.
 * @throws DfsError `peer-unreachable`, `ticket-expired`, `ticket-used`, `ticket-invalid`, `conflict`, …
 */
export async function joinNetwork(
  components: JoiningComponents,
  ticket: Ticket,
  guests: readonly NetworkChangedGuest[],
): Promise<void> {
  const { transport } = components;
  await reach(components, ticket);
  try {
    await enterNetwork(components, await ask(components, ticket), guests);
  } finally {
    // As a stranger it was let in for this alone; as a member it connects anew.
    await transport.hangUp(ticket.inviter).catch(() => undefined);
  }
}

/** Puts a network in place of this node's own, with all that hangs on it. @throws DfsError `conflict`, and what guests refuse with */
export async function enterNetwork(
  { membership, book }: Pick<JoiningComponents, 'membership' | 'book'>,
  { networkId, records, role, addresses, comesBack }: Welcome,
  guests: readonly NetworkChangedGuest[],
): Promise<void> {
  await membership.unit(async (unit) => {
    refuseUnlessAlone(membership);
    const from = membership.networkId;
    await unit.replace(withOwn(records, membership), comesBack);
    await book.replace(unit.tx, addresses);
    for (const guest of guests) await guest(unit.tx, from, networkId, role ?? 'storage');
  });
}

/** One who comes back to a network brings along the records of it that he alone may have. */
function withOwn(records: readonly MembershipRecord[], membership: Membership): readonly MembershipRecord[] {
  if (records[0]?.networkId !== membership.networkId || membership.isReturning) return records;
  const graph = new RecordGraph();
  for (const record of records) graph.add(record);
  addValid(graph, membership.missingFrom([]));
  return graph.nodes.map(({ record }) => record);
}

/** Whether this node may leave its network for another. @throws DfsError `conflict` */
export function refuseUnlessAlone(membership: Membership): void {
  const others = membership.members().length - 1;
  if (others < 1 || membership.isRemoved) return;
  throw new DfsError(
    'conflict',
    `This node belongs to the network "${membership.networkName}" with ${others} other ${others === 1 ? 'member' : 'members'}. ` +
      'A node can join another network only while it is alone in its own: have it removed there first, or join with a new node.',
  );
}

/** Dials the inviter's addresses in turn; whoever else answers there is not the inviter. */
async function reach({ transport, foundAt, clock, log }: JoiningComponents, ticket: Ticket): Promise<void> {
  const found = foundAt(ticket.inviter).map((address) => `${address.replace(/\/p2p\/.*$/, '')}/p2p/${ticket.inviter}`);
  const addresses = [...new Set([...ticket.addresses, ...found])];
  for (const address of addresses) {
    try {
      const peerId = await transport.dial(address, { signal: AbortSignal.timeout(DIAL_TIME) });
      if (peerId === ticket.inviter) return;
      await transport.hangUp(peerId);
    } catch (error) {
      log.info({ err: error, address }, 'the inviter could not be reached at this address');
    }
  }
  if (ticket.expiresAt < clock.now()) {
    throw new DfsError('ticket-expired', 'The ticket has expired. Ask an owner of the network for another.');
  }
  const where = addresses.length === 0 ? 'The ticket names no address' : `Nobody answers at ${addresses.join(', ')}`;
  throw new DfsError(
    'peer-unreachable',
    `The node that made the ticket cannot be reached, or lets nobody in. ${where}. ` +
      'Check that it runs and can be reached from here; if it does, the ticket may have been used: ask for another.',
  );
}

/** Proves the ticket and receives the membership. The time is limited for all of it. */
async function ask(components: JoiningComponents, ticket: Ticket): Promise<Welcome> {
  const options = { signal: AbortSignal.timeout(JOIN_TIME) };
  let channel: Channel | undefined;
  let refusal: unknown;
  const consent = (role: MemberRole | null): Promise<void> =>
    components.consent(role).catch((error: unknown) => {
      refusal = error;
      throw error;
    });
  try {
    channel = await components.transport.open(ticket.inviter, JOIN_PROTOCOL, options);
    const welcome = await converse({ ...components, consent }, ticket, channel);
    await channel.end();
    return welcome;
  } catch (error) {
    channel?.abort(error instanceof Error ? error : new Error('joining failed'));
    throw refusal !== undefined && error === refusal ? error : explained(error);
  }
}

async function converse(components: JoiningComponents, ticket: Ticket, channel: Channel): Promise<Welcome> {
  const newcomer = components.transport.peerId;
  const key = inviteKeyOf(ticket.secret);
  const newcomerNonce = randomBytes(32);
  const frames = channel.frames()[Symbol.asyncIterator]();
  const request = { invite: inviteIdOf(ticket.secret), nonce: newcomerNonce, name: components.name() };
  await channel.send(joinRequest.form(request) as WireValue);

  const { nonce: inviterNonce, proof, role } = joinChallenge.parse(await next(frames), 'challenge');
  const { networkId, inviter } = ticket;
  const transcript = { networkId, inviter, newcomer, inviterNonce, newcomerNonce };
  if (!isProof(proof, key, 'inviter', transcript)) throw misbehaved('it could not prove that it made the ticket');
  // Nothing has happened yet: the ticket is as good as before.
  await components.consent(role);
  await channel.send(joinProof.form({ proof: proofOf(key, 'newcomer', transcript) }) as WireValue);

  const { records: count, addresses } = joinWelcome.parse(await next(frames), 'welcome');
  const graph = new RecordGraph();
  while (graph.size < count) addTold(graph, recordsMessage.parse(await next(frames), 'records').records, networkId);
  const { members } = rosterOf(graph);
  const self = members.get(newcomer);
  if (!self || !members.has(inviter)) throw misbehaved('its membership does not hold this node');
  const [admitted, earlier] = graph.admissionsOf(newcomer).map(({ record }) => record.content);
  const isNew = earlier === undefined && admitted?.kind === 'admission' && admitted.invite === request.invite;
  const records = graph.nodes.map(({ record }) => record);
  return { networkId, records, role: self.role, addresses, comesBack: !isNew };
}

/**
 * Adds a part of what a member tells of its network: the founding record first, parents before children.
 * @throws DfsError `peer-misbehaved` when it is another network's, or brings nothing new
 */
export function addTold(graph: RecordGraph, envelopes: readonly Uint8Array[], networkId: string): void {
  const part = envelopes.map(readMembershipRecord);
  const before = graph.size;
  const [founding] = part;
  if (graph.size === 0 && founding) {
    if (founding.content?.kind !== 'founding' || founding.id !== networkId) {
      throw misbehaved('its membership is that of another network');
    }
    graph.add(founding);
  }
  addValid(graph, part);
  if (graph.size === before) throw misbehaved('its membership is incomplete');
}

async function next(frames: AsyncIterator<Frame>): Promise<WireValue> {
  const { value, done } = (await frames.next()) as IteratorResult<Frame, undefined>;
  if (done || !value) throw misbehaved('it ended the exchange before it was complete');
  return value.header;
}

function misbehaved(what: string): DfsError {
  return new DfsError('peer-misbehaved', `The node that made the ticket did not answer as it should: ${what}.`);
}

/** In our own words: what a remote says is not shown as ours. */
function explained(error: unknown): DfsError {
  if (!isDfsError(error)) return new DfsError('peer-misbehaved', 'Joining the network failed.', { cause: error });
  const say = (detail: string): DfsError => new DfsError(error.code, detail, { cause: error });
  switch (error.code) {
    case 'ticket-expired':
      return say('The ticket has expired. Ask an owner of the network for another.');
    case 'ticket-used':
      return say('The ticket has been used: each is good for one node. Ask an owner of the network for another.');
    case 'ticket-invalid':
      return say('The node that made the ticket does not know it: it may have been revoked. Ask for another.');
    case 'not-an-owner':
      return say('The node that made the ticket is no owner of the network any more. Ask another owner for a ticket.');
    case 'network-full':
      return say(
        'The network has as many members as it may have: ask an owner to remove one that is not needed any more.',
      );
    case 'too-many-requests':
      return say('Too many nodes are joining at the moment. Try again in a few seconds.');
    case 'timeout':
    case 'aborted':
      return new DfsError('timeout', 'The node that made the ticket did not answer in time. Try again.', {
        cause: error,
      });
    case 'not-a-member':
    case 'peer-unreachable':
      return new DfsError(
        'peer-unreachable',
        'The node that made the ticket closed the connection: the ticket may have expired, or been used. Ask for another if it happens again.',
        { cause: error },
      );
    case 'peer-misbehaved':
      return error;
    default:
      return new DfsError('peer-misbehaved', 'The node that made the ticket refused it for a reason of its own.', {
        cause: error,
      });
  }
}
