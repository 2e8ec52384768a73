import type { WireValue } from '@dfs/protocol';
import type { Channel, ProtocolHandler, Transport } from '@dfs/transport';

// Transports of members that answer otherwise than they should.

/** A transport whose handlers are called by `call`. */
export function handling(
  transport: Transport,
  call: (handler: ProtocolHandler, channel: Channel) => Promise<void>,
): Transport {
  return overriding(transport, {
    handle: (protocol, handler, options) => transport.handle(protocol, (channel) => call(handler, channel), options),
  });
}

/** A transport that sends, where it answers, what `change` makes of each payload. */
export function sending(transport: Transport, change: (payload: Uint8Array) => Promise<Uint8Array>): Transport {
  return handling(transport, (handler, channel) =>
    handler(
      overriding(channel, {
        send: async (header, payload = []) => {
          await channel.send(header, await change(payload instanceof Uint8Array ? payload : Buffer.concat(payload)));
        },
      }),
    ),
  );
}

/** A transport that answers with what `change` makes of each frame it sends where it answers. */
export function answering(transport: Transport, change: (frame: Answered) => Answered): Transport {
  return handling(transport, (handler, channel) =>
    handler(
      overriding(channel, {
        send: async (header, payload = []) => {
          const changed = change({ header, payload: payload instanceof Uint8Array ? [payload] : payload });
          await channel.send(changed.header, changed.payload);
        },
      }),
    ),
  );
}

/** A transport that calls `before` ahead of each channel that it opens: what this throws is what opening throws. */
export function opening(transport: Transport, before: () => void): Transport {
  return overriding(transport, {
    open: async (...request) => {
      before();
      return transport.open(...request);
    },
  });
}

export interface Answered {
  header: WireValue;
  payload: readonly Uint8Array[];
}

/** `target` with other methods in place of some of its own. */
function overriding<T extends object>(target: T, methods: Partial<T>): T {
  return new Proxy(target, {
    get: (inner, name) => {
      const value: unknown = Reflect.get(Object.hasOwn(methods, name) ? methods : inner, name);
      return typeof value === 'function' ? (value.bind(inner) as unknown) : value;
    },
  });
}

export function isWireMap(value: WireValue): value is { readonly [key: string]: WireValue | undefined } {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array);
}
