import { open, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { DfsError, moveFile, Recurring, syncFolder, type Log, type Ran, type WorkStatus } from '@dfs/runtime';
import { MAX_NAME_LENGTH } from '@dfs/protocol';
import { MAX_ADDRESS_LENGTH, MAX_ADDRESSES, NETWORK_FILE_DELAY } from '../constants.js';

/** Where a member can be reached. */
export interface Place {
  readonly peerId: string;
  /** Multiaddrs, with or without `/p2p/…` at their end. */
  readonly addresses: readonly string[];
}

/** The network as a node remembers it beside its database, so that it finds back without one. */
export interface RememberedNetwork {
  /** The node this is of. */
  readonly peerId: string;
  /** 64 hex digits. */
  readonly networkId: string;
  readonly networkName: string;
  /** The other members. */
  readonly members: readonly Place[];
}

/** Of the file, so that a later program can tell. */
const VERSION = 1;
/** Addresses kept of one member: the latest. */
const KEPT_ADDRESSES = 8;
/** Far more members than a network has. */
const MAX_KEPT_MEMBERS = 4096;

/**
 * The content of the file; undefined where there is none.
 * @throws DfsError `not-ready` when it is damaged
 */
export async function readNetworkFile(file: string): Promise<RememberedNetwork | undefined> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  try {
    return parse(JSON.parse(text));
  } catch (cause) {
    throw new DfsError(
      'not-ready',
      `The file ${file} is damaged. Without its database, this node knows its network from that file alone: ` +
        'remove it, start again, and give this node a return ticket made by any member of its network.',
      { cause },
    );
  }
}

/** Keeps the file up to date: written whole, at most a few times a second, only when it says something else. */
export class NetworkFile {
  private written = '';
  private readonly writing: Recurring;

  constructor(
    private readonly file: string,
    private readonly now: () => RememberedNetwork,
    log: Log,
  ) {
    this.writing = new Recurring(
      {
        name: 'write down the network',
        every: Infinity,
        gather: NETWORK_FILE_DELAY,
        failed: 'the network of this node could not be written down',
        run: () => this.write(),
      },
      { log },
    ).start();
  }

  /** There may be something else to remember. */
  changed(): void {
    this.writing.soon();
  }

  /** Writes what has changed; when it resolves, that is on disk. Never rejects. */
  flush(): Promise<void> {
    return this.writing.now();
  }

  /** Ends what is under way; nothing is written any more. */
  stop(): Promise<void> {
    return this.writing.stop();
  }

  /** Its recurring work in the background. */
  work(): WorkStatus {
    return this.writing.status();
  }

  private async write(): Promise<Ran> {
    const text = textOf(this.now());
    if (text === this.written) return 'idle';
    await replaceFile(this.file, text);
    this.written = text;
    return 'idle';
  }
}

function textOf({ peerId, networkId, networkName, members }: RememberedNetwork): string {
  const kept = members.map((member) => ({
    peerId: member.peerId,
    addresses: member.addresses.slice(0, KEPT_ADDRESSES),
  }));
  return `${JSON.stringify({ version: VERSION, peerId, networkId, networkName, members: kept }, undefined, 2)}\n`;
}

async function replaceFile(file: string, text: string): Promise<void> {
  const temporary = `${file}.tmp`;
  const handle = await open(temporary, 'w', 0o600);
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await moveFile(temporary, file);
  await syncFolder(dirname(file));
}

function parse(value: unknown): RememberedNetwork {
  const { version, peerId, networkId, networkName, members } = value as Record<string, unknown>;
  if (version !== VERSION || !isText(peerId, 128) || !isText(networkName, MAX_NAME_LENGTH))
    throw new TypeError('fields');
  if (typeof networkId !== 'string' || !/^[0-9a-f]{64}$/.test(networkId)) throw new TypeError('networkId');
  if (!Array.isArray(members) || members.length > MAX_KEPT_MEMBERS) throw new TypeError('members');
  return { peerId, networkId, networkName, members: members.map(place) };
}

function place(value: unknown): Place {
  const { peerId, addresses } = value as Record<string, unknown>;
  if (!isText(peerId, 128) || !Array.isArray(addresses) || addresses.length > MAX_ADDRESSES)
    throw new TypeError('member');
  if (!addresses.every((address) => isText(address, MAX_ADDRESS_LENGTH))) throw new TypeError('addresses');
  return { peerId, addresses };
}

function isText(value: unknown, max: number): value is string {
  return typeof value === 'string' && value.length <= max;
}
