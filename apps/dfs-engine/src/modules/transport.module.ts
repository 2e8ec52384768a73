import { Global, Module } from '@nestjs/common';
import { Database } from '@dfs/database';
import { KeptRecords } from '@dfs/dht';
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
      useFactory: ({ config, privateKeyRaw, logger: log }: Foundation, db: Database) => {
        const { p2p, mdns, dht, upnp, relay, autonat } = config;
        const records = new KeptRecords({ db });
        return Libp2pTransport.create({
          privateKeyRaw,
          ...p2p,
          mdns,
          dht,
          records,
          upnp,
          relay,
          autonat,
          bulk: true,
          log,
        });
      },
      inject: [FOUNDATION, Database],
    },
  ],
  exports: [TRANSPORT],
})
export class TransportModule {}
