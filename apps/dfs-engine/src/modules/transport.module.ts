import { Global, Module } from '@nestjs/common';
import { Libp2pTransport } from '@dfs/transport';
import { FOUNDATION, type Foundation } from './tokens.js';

/** Injection token of the Transport. */
export const TRANSPORT = Symbol('TRANSPORT');

/** Connections to peers. */
@Global()
@Module({
  providers: [
    {
      provide: TRANSPORT,
      useFactory: ({ config, privateKeyRaw, logger: log }: Foundation) => {
        const { p2p, mdns, dht, upnp, relay, autonat } = config;
        return Libp2pTransport.create({ privateKeyRaw, ...p2p, mdns, dht, upnp, relay, autonat, log });
      },
      inject: [FOUNDATION],
    },
  ],
  exports: [TRANSPORT],
})
export class TransportModule {}
