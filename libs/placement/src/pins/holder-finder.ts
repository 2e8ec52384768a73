import { isDfsError, second, minute, Oldest, systemClock, type Clock, type Log, withTimeout } from '@dfs/runtime';
import type { Cid } from '@dfs/protocol';
import type { Transport } from '@dfs/transport';
import { askHave, HAVE_TIME } from '@dfs/transfer';
import type { ExtentHolders } from './extent-holders.js';
import type { MemberPins } from './member-pins.js';
import { WATCHED_FILES } from '../limits.js';
import type { MembersNow } from '../plan/members-now.js';
import type { MemberList, Providers } from '../ports.js';

/** A reader waits no longer than this for the DHT. */
const DHT_TIME = 6 * second;
/** Lies remembered: pairs of content and peer. */
const MAX_LIARS = 10_000;
/** A holder that lied about a content is not asked for it for so long: it may heal. */
const LIAR_TIME = 10 * minute;
/** Time to connect to a holder that only the DHT knows. */
const DIAL_TIME = 4 * second;

/** The places where holders are looked for: pin logs of members, the DHT, and members themselves. */
export interface HolderFinderComponents {
  holdings: MemberPins;
  network: MembersNow;
  membership: Pick<MemberList, 'isMember' | 'self'>;
  transport: Pick<Transport, 'open' | 'dialPeer'>;
  dht?: Providers;
  clock?: Clock;
  log: Log;
}

/** Holders that answer now: of each extent those who pin it, and in `any` all who may have something. */
export interface KnownHolders {
  extents: ExtentHolders;
  any: string[];
}

/**
 * Possible holders of a content, the surest first: pin logs, the content's author, the DHT, and at last everyone who is
 * here.
 * Only members that answer now are named, never this node, and nobody who lied about the content.
 */
export class HolderFinder {
  private readonly authors = new Map<Cid, string>();
  private readonly oldest = new Oldest(this.authors);
  /** Until when each pair of content and peer is left alone. */
  private readonly liars = new Map<string, number>();

  constructor(private readonly components: HolderFinderComponents) {}

  /** The author of a content had it first, and may be all who has it yet. This node needs no hint of itself. */
  hint(content: Cid, author: string): void {
    if (author === this.components.membership.self().peerId) return;
    this.authors.delete(content);
    this.authors.set(content, author);
    if (this.authors.size > WATCHED_FILES) this.authors.delete(this.oldest.next() as Cid);
  }

  /** `peerId` sent bytes that were not those asked for: it is not asked for this content for a while, and its copies of it do not count. */
  lied(content: Cid, peerId: string): void {
    this.components.log.warn({ peerId, content }, 'a holder sent wrong bytes and is left for this content');
    if (this.liars.size >= MAX_LIARS) this.liars.clear();
    this.liars.set(`${content}/${peerId}`, performance.now() + LIAR_TIME);
    const { holdings, clock = systemClock, log } = this.components;
    holdings.doubt(peerId, content, clock.now()).catch((error: unknown) => {
      log.warn({ err: error, peerId, content }, 'copies of a holder that sent wrong bytes could not be doubted');
    });
  }

  async known(content: Cid): Promise<KnownHolders> {
    const holders = await this.components.holdings.holders([content]);
    return this.among(content, holders.get(content) ?? new Map<number, string[]>());
  }

  /** The same for holders that were looked up already. */
  among(content: Cid, holders: ExtentHolders, author = this.authors.get(content)): KnownHolders {
    const here = new Set(this.components.network.others());
    const may = (peerId: string): boolean => here.has(peerId) && this.mayAsk(content, peerId);
    const extents = new Map<number, readonly string[]>();
    const any = new Set<string>();
    if (author !== undefined && may(author)) any.add(author);
    for (const [extent, peerIds] of holders) {
      const good = peerIds.filter(may);
      extents.set(extent, good);
      for (const peerId of good) any.add(peerId);
    }
    return { extents, any: [...any] };
  }

  /** Holders that the DHT names, each once connected. Never throws. */
  async byDht(content: Cid, signal: AbortSignal, found: (peerId: string) => void): Promise<void> {
    const { dht, membership, transport, network, log } = this.components;
    if (!dht) return;
    try {
      const named = await dht.providers(content, { signal: withTimeout(signal, DHT_TIME) });
      const members = named.filter(({ peerId }) => this.mayAsk(content, peerId) && membership.isMember(peerId));
      const here = new Set(network.others());
      await Promise.allSettled(
        members.map(async ({ peerId, addresses }) => {
          if (!here.has(peerId))
            await transport.dialPeer(peerId, addresses, { signal: withTimeout(signal, DIAL_TIME) });
          found(peerId);
        }),
      );
    } catch (error) {
      log.debug({ err: error, content }, 'the DHT named nobody');
    }
  }

  /**
   * Connected members that have any of these blocks, each as soon as it says so. Never throws. Answers whether each could be asked: the connection
   * to one that could not be was lost, and may be made anew in a moment.
   */
  async byAsking(
    content: Cid,
    ids: readonly Cid[],
    signal: AbortSignal,
    skip: ReadonlySet<string>,
    found: (peerId: string) => void,
  ): Promise<boolean> {
    const { network, transport, log } = this.components;
    let isAsked = true;
    const asked = network.others().filter((peerId) => this.mayAsk(content, peerId) && !skip.has(peerId));
    await Promise.all(
      asked.map(async (peerId) => {
        try {
          const has = await askHave(transport, peerId, ids, withTimeout(signal, HAVE_TIME));
          if (has.size > 0) found(peerId);
        } catch (error) {
          if (isDfsError(error, 'peer-unreachable')) isAsked = false;
          log.debug({ err: error, peerId }, 'a member did not say what it has');
        }
      }),
    );
    return isAsked;
  }

  private mayAsk(content: Cid, peerId: string): boolean {
    if (peerId === this.components.membership.self().peerId) return false;
    return performance.now() >= (this.liars.get(`${content}/${peerId}`) ?? 0);
  }
}
