import { EVENTS_NAMESPACE, VOLATILE_EVENTS, type EventType } from '@dfs/contracts';
import { VERSION } from '../process/version.js';

type Schema = Record<string, unknown>;

const text: Schema = { type: 'string' };
const count: Schema = { type: 'integer', minimum: 0 };
const flag: Schema = { type: 'boolean' };
const moment: Schema = { type: 'string', format: 'date-time' };
const nullable = (schema: Schema): Schema => ({ ...schema, type: [schema['type'], 'null'] });
const list = (items: Schema): Schema => ({ type: 'array', items });
const object = (properties: Record<string, Schema>, optional: string[] = []): Schema => ({
  type: 'object',
  properties,
  required: Object.keys(properties).filter((key) => !optional.includes(key)),
});
const ref = (name: string): Schema => ({ $ref: `#/components/schemas/${name}` });

const schemas: Record<string, Schema> = {
  FileEventItem: object(
    {
      id: text,
      path: text,
      size: count,
      mediaType: text,
      contentId: text,
      modifiedAt: moment,
      author: text,
      version: text,
      mtime: moment,
      executable: flag,
      meta: { type: 'object', additionalProperties: text },
    },
    ['mtime', 'executable', 'meta'],
  ),
  Replication: object(
    {
      target: count,
      copies: count,
      state: { enum: ['pending', 'replicating', 'safe', 'limited', 'at-risk', 'unavailable'] },
      reason: { enum: ['few-members', 'no-space', 'holder-gone', 'no-holder'] },
    },
    ['reason'],
  ),
  Peer: object({
    peerId: text,
    name: text,
    role: { enum: ['owner', 'member', 'storage'] },
    state: { enum: ['self', 'connected', 'connecting', 'disconnected'] },
  }),
  Transfer: object(
    {
      id: text,
      kind: { enum: ['upload', 'download', 'replication', 'drain'] },
      state: { enum: ['running', 'finished', 'failed', 'cancelled'] },
      path: nullable(text),
      contentId: nullable(text),
      peerId: text,
      bytes: nullable(count),
      verifiedBytes: count,
      rate: { type: 'number', minimum: 0 },
      sources: list(object({ peerId: text, bytes: count })),
      startedAt: moment,
      finishedAt: nullable(moment),
      error: object({ code: text, detail: text }),
    },
    ['error', 'peerId'],
  ),
  Storage: object(
    {
      chunks: count,
      bytes: count,
      quotaBytes: count,
      freeBytes: count,
      backupBytes: count,
      deletedBytes: count,
      pastVersionBytes: count,
    },
    ['backupBytes', 'deletedBytes', 'pastVersionBytes'],
  ),
};

const files = object({ files: { ...list(ref('FileEventItem')), minItems: 1, maxItems: 1000 } });
const peer = object({ peer: ref('Peer') });

/** The data of each event. A new one in the contract does not compile until it is described here. */
const DATA: Record<EventType, Schema> = {
  'file.uploaded': files,
  'file.updated': files,
  'file.deleted': files,
  'file.restored': files,
  'file.conflict': files,
  'file.replication': object({ files: list(object({ id: text, path: text, replication: ref('Replication') })) }),
  'file.purged': object(
    { files: { ...list(ref('FileEventItem')), minItems: 1, maxItems: 1000 }, reason: { enum: ['room'] } },
    ['reason'],
  ),
  'peer.added': peer,
  'peer.connected': peer,
  'peer.disconnected': peer,
  'peer.removed': peer,
  'sync.started': object({ peerId: text }),
  'sync.finished': object({ peerId: text, received: count, sent: count }),
  'transfer.progress': object({ transfers: list(ref('Transfer')) }),
  'transfer.finished': object({ transfer: ref('Transfer') }),
  'transfer.failed': object({ transfer: ref('Transfer') }),
  'node.warning': object({ code: text, detail: text, active: flag }),
  'node.status': object({
    uptimeSeconds: count,
    storage: ref('Storage'),
    fileTotals: object({ count, bytes: count }),
    network: object({ id: text, name: text, members: count, role: text }),
    connectedPeers: count,
  }),
};

/** AsyncAPI 3.0 of the Socket.IO namespace, from the list of events. */
export function asyncApi(): Schema {
  const types = Object.keys(DATA) as EventType[];
  const messages = Object.fromEntries(types.map((type) => [type, { $ref: `#/components/messages/${type}` }]));
  return {
    asyncapi: '3.0.0',
    info: {
      title: 'DFS events',
      version: VERSION,
      description:
        'Socket.IO. A client names itself in the handshake (`auth.token`, or the cookie of the console) and sends nothing ' +
        'else; with `auth.stream` and `auth.after` it gets what it missed. Every event comes under the name `event`; ' +
        '`ready` says that it is up to date, `resync` that it must read everything anew.',
    },
    channels: { events: { address: EVENTS_NAMESPACE, messages } },
    operations: {
      tell: { action: 'send', channel: { $ref: '#/channels/events' }, summary: 'What happens on this node.' },
    },
    components: { messages: Object.fromEntries(types.map((type) => [type, message(type)])), schemas },
  };
}

function message(type: EventType): Schema {
  const isVolatile = (VOLATILE_EVENTS as readonly EventType[]).includes(type);
  return {
    name: type,
    summary: isVolatile ? 'Not numbered, not kept: what is true now.' : 'Numbered within its stream, and kept.',
    payload: object({
      stream: text,
      seq: isVolatile ? { type: 'null' } : { type: 'integer', minimum: 1 },
      type: { const: type },
      time: moment,
      data: DATA[type],
    }),
  };
}
