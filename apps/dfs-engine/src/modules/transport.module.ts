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
      useFactory: ({ config, privateKeyRaw, logger: log }: Foundation) =>
        Libp2pTransport.create({ privateKeyRaw, ...config.p2p, mdns: config.mdns, dht: config.dht, log }),
      inject: [FOUNDATION],
    },
  ],
  exports: [TRANSPORT],
})
export class TransportModule {}
