import { EVENTS_NAMESPACE } from '@dfs/contracts';
import { SOCKET_PATH } from '@dfs/events';
import { VERSION } from '../process/version.js';
import { EVENT_TYPES, eventName, isVolatile } from './event-schemas.js';

type Json = Record<string, unknown>;

const DESCRIPTION = `Socket.IO. A client names itself in the handshake (auth.token, or the cookie of the console) and sends
nothing else; with auth.stream and auth.after it gets what it missed, with auth.topics what concerns these. Every event comes under the name event; ready says that the
client is up to date, resync that it must read everything anew.`;

/**
 * AsyncAPI 3.1 of the Socket.IO namespace. Its schemas are those that the OpenAPI document is made of.
 * @param base where the application stands
 */
export function asyncApi(all: Readonly<Record<string, unknown>>, base = ''): Json {
  const messages = { ...eventMessages(), ...positionMessages() };
  const refs = Object.keys(messages).map((name) => [name, { $ref: `#/components/messages/${name}` }] as const);
  return {
    asyncapi: '3.1.0',
    id: 'urn:dfs:events',
    info: {
      title: 'DFS events',
      version: VERSION,
      description: DESCRIPTION.replaceAll('\n', ' '),
      license: { name: 'Apache-2.0', url: 'https://www.apache.org/licenses/LICENSE-2.0' },
      tags: [{ name: 'events', description: 'Changes on a node, as they happen.' }],
    },
    defaultContentType: 'application/json',
    servers: {
      node: {
        host: '{host}',
        pathname: base + SOCKET_PATH,
        protocol: 'wss',
        description: 'A node; over plain HTTP by the protocol ws.',
        variables: { host: { default: 'localhost:3000', description: 'Host and port of the node.' } },
      },
    },
    channels: {
      events: {
        address: EVENTS_NAMESPACE,
        description: 'The namespace of Socket.IO.',
        messages: Object.fromEntries(refs),
      },
    },
    operations: {
      tell: {
        action: 'send',
        channel: { $ref: '#/channels/events' },
        summary: 'Changes on this node, as they happen.',
        messages: refs.map(([name]) => ({ $ref: `#/channels/events/messages/${name}` })),
      },
    },
    components: { messages, schemas: schemasOf(all, messages) },
  };
}

function eventMessages(): Record<string, Json> {
  return Object.fromEntries(
    EVENT_TYPES.map((type) => [
      type,
      {
        name: 'event',
        title: type,
        summary: isVolatile(type)
          ? 'Not numbered, not kept: what is true now.'
          : 'Numbered within its stream, and kept.',
        payload: { $ref: `#/components/schemas/${eventName(type)}Event` },
      },
    ]),
  );
}

function positionMessages(): Record<string, Json> {
  const payload = { $ref: '#/components/schemas/StreamPosition' };
  return {
    ready: { name: 'ready', title: 'ready', summary: 'All that was missed has been sent.', payload },
    resync: {
      name: 'resync',
      title: 'resync',
      summary: 'The missed events are gone, or the stream is another: read everything anew, and go on from here.',
      payload,
    },
    position: {
      name: 'position',
      title: 'position',
      summary: 'To a client that named topics: of these there is nothing new up to here.',
      payload,
    },
  };
}

/** Those that the messages rest on, by their references. */
function schemasOf(all: Readonly<Record<string, unknown>>, messages: Json): Json {
  const names = new Set<string>();
  const visit = (value: unknown): void => {
    const text = JSON.stringify(value);
    for (const [, name] of text.matchAll(/"#\/components\/schemas\/([^"]+)"/g)) {
      if (name === undefined || names.has(name)) continue;
      names.add(name);
      visit(all[name]);
    }
  };
  visit(messages);
  return Object.fromEntries([...names].sort().map((name) => [name, all[name]]));
}
