import { randomBytes } from 'node:crypto';
import { DfsError, second, type Clock } from '@dfs/runtime';
import {
  RETAINED_VERSIONS,
  sha256,
  signMembershipRecord,
  type MembershipContent,
  type MembershipRecord,
  type NetworkSettings,
  type Signer,
} from '@dfs/protocol';
import { cleanName } from '../clean-name.js';
import type { RememberedNetwork } from './network-file.js';
import { RecordGraph } from './record-graph.js';
import { rosterOf, type Roster } from './roster.js';

/** The facts that a node brings along to its first start. */
export interface MembershipOptions {
  nodeName: string;
  /** Name of the network that is founded at first start. */
  networkName?: string;
  /** Settings of the network that is founded at first start; later ones come from its records. */
  founding: {
    replicas: number;
    graceMs: number;
    retentionMs: number;
    retainedVersions?: number;
    syncPeriodMs?: number;
  };
  /** The network as this node remembers it beside the database; counts where the database knows of none. */
  remembered?: RememberedNetwork | undefined;
  /** The database may be an older copy: this node compares with a member before it writes. */
  mustSync?: boolean;
}

/** The membership as of one commit. */
export interface View {
  graph: RecordGraph;
  size: number;
  roster: Roster;
  networkId: string;
  fingerprint: Uint8Array;
}

/** The first record of a network of one. */
export function found(signer: Signer, clock: Clock, options: MembershipOptions): MembershipRecord {
  const name = cleanName(options.nodeName);
  const networkName = cleanName(options.networkName ?? '') || cleanName(`${name}'s network`);
  const settings = foundingSettings(options, networkName);
  const content: MembershipContent = { kind: 'founding', settings, name, nonce: randomBytes(16).toString('hex') };
  return signMembershipRecord({ networkId: null, time: clock.now(), parents: [], content }, signer);
}

function foundingSettings({ founding }: MembershipOptions, networkName: string): NetworkSettings {
  return { syncPeriodMs: DEFAULT_SYNC_PERIOD, retainedVersions: RETAINED_VERSIONS, ...founding, networkName };
}

/** Seldom enough to cost nothing, often enough to notice within a grace of minutes. */
const DEFAULT_SYNC_PERIOD = 60 * second;

/** The membership that follows from the records of a graph. */
export function viewOf(graph: RecordGraph, previous?: View): View {
  const roster = rosterOf(graph, previous && { roster: previous.roster, from: previous.size });
  const fingerprint = sha256(Buffer.from(graph.heads().join(''), 'hex'));
  return { graph, size: graph.size, roster, networkId: graph.node(0).record.networkId, fingerprint };
}

/** Whether two views have the same members, roles and settings. */
export function sameRoster(a: View, b: View): boolean {
  if (a.networkId !== b.networkId || a.roster.members.size !== b.roster.members.size) return false;
  if (JSON.stringify(a.roster.settings) !== JSON.stringify(b.roster.settings)) return false;
  for (const [peerId, member] of a.roster.members) {
    const other = b.roster.members.get(peerId);
    if (other?.role !== member.role || other.admittedAt !== member.admittedAt) return false;
    if (other.lastRecord !== member.lastRecord) return false;
  }
  for (const [peerId, { lastRecord }] of a.roster.former) {
    if (b.roster.former.get(peerId)?.lastRecord !== lastRecord) return false;
  }
  return a.roster.former.size === b.roster.former.size;
}

/** Until the records are here again: nobody belongs to the network, and its settings are what this node would found with. */
export function lostView({ networkId, networkName }: RememberedNetwork, options: MembershipOptions): View {
  const settings = foundingSettings(options, cleanName(networkName));
  const roster = { members: new Map(), former: new Map(), settings };
  return { graph: new RecordGraph(), size: 0, roster, networkId, fingerprint: sha256(new Uint8Array()) };
}

/** Why a node that lost its database does nothing yet. */
export function notBackYet(): DfsError {
  return new DfsError(
    'not-ready',
    'This node lost its database and has not reached a member of its network yet: it tries again by itself. ' +
      'Start another member, or give this node a return ticket made by one of them.',
  );
}

/** The directory remembers the network of another node. */
export function foreignMemory(peerId: string): DfsError {
  return new DfsError(
    'not-ready',
    `The data directory is that of the node ${peerId}, and identity.key is the key of another node. Put the key of ` +
      `${peerId} back, or, to begin anew under another key, remove network.json.`,
  );
}
