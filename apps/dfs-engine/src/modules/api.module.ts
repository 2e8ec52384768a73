import { Module } from '@nestjs/common';
import { Catalogue, CatalogueSync } from '@dfs/catalogue';
import { ChunkStore, Generation, Scrubber } from '@dfs/chunks';
import { Database } from '@dfs/database';
import { ProvideQueue } from '@dfs/dht';
import { EventLog } from '@dfs/events';
import { Files } from '@dfs/files';
import { LiveFolders } from '@dfs/live-folders';
import { Membership, Peers } from '@dfs/peers';
import { Placement } from '@dfs/placement';
import { Purge } from '@dfs/purge';
import type { Transport } from '@dfs/transport';
import { DhtController } from '../api/dht.controller.js';
import { EventsController } from '../api/events.controller.js';
import { HealthController } from '../api/health.controller.js';
import { KeysController } from '../api/keys.controller.js';
import { MetricsController } from '../api/metrics.controller.js';
import { NetworkController } from '../api/network.controller.js';
import { NodeController } from '../api/node.controller.js';
import { Keys } from '../access/keys/keys.js';
import { PeersController } from '../api/peers.controller.js';
import { SessionController } from '../api/session.controller.js';
import { SessionsController } from '../api/sessions.controller.js';
import { SettingsController } from '../api/settings.controller.js';
import { TransfersController } from '../api/transfers.controller.js';
import { Backup } from '../backup/backup.js';
import { Joining } from '../start/joining.js';
import { HeapKeeper } from '../node/heap.js';
import { LoopDelay } from '../process/loop-delay.js';
import { NodeHealth } from '../node/node-health.js';
import { NodeMetrics } from '../node/node-metrics.js';
import { NodeSettings } from '../node/node-settings.js';
import { NodeStatus } from '../node/node-status.js';
import { NodeWork, type Worker } from '../node/node-work.js';
import { Removals } from '../removals/removals.js';
import { NodeSummary } from '../summary/node-summary.js';
import { SummaryController } from '../summary/summary.controller.js';
import { TRANSPORT } from './transport.module.js';
import { FOUNDATION, type Foundation } from './tokens.js';

/** The REST API of everything but files, and what it tells of. */
@Module({
  controllers: [
    NodeController,
    SummaryController,
    SessionController,
    SessionsController,
    KeysController,
    PeersController,
    NetworkController,
    DhtController,
    TransfersController,
    EventsController,
    SettingsController,
    HealthController,
    MetricsController,
  ],
  providers: [
    {
      provide: NodeStatus,
      useFactory: (
        { logger: log, clock, timers }: Foundation,
        settings: NodeSettings,
        transport: Transport,
        peers: Peers,
        chunks: ChunkStore,
        catalogue: Catalogue,
        placement: Placement,
        events: EventLog,
        backup: Backup,
      ) =>
        new NodeStatus({
          ...{ settings, transport, peers, chunks, catalogue, placement, events, backup, clock, timers, log },
        }),
      inject: [FOUNDATION, NodeSettings, TRANSPORT, Peers, ChunkStore, Catalogue, Placement, EventLog, Backup],
    },
    {
      provide: Joining,
      useFactory: ({ config, logger: log }: Foundation, peers: Peers, membership: Membership) =>
        new Joining({ peers, membership, ticket: config.join, log }),
      inject: [FOUNDATION, Peers, Membership],
    },
    {
      provide: Removals,
      useFactory: (
        { logger: log, clock }: Foundation,
        db: Database,
        peers: Peers,
        membership: Membership,
        { transfers }: Placement,
        { isProven }: Generation,
      ) => new Removals({ db, peers, membership, transfers, clock, log, mayBeOld: !isProven }),
      inject: [FOUNDATION, Database, Peers, Membership, Placement, Generation],
    },
    {
      provide: HeapKeeper,
      useFactory: ({ logger: log, timers }: Foundation) => new HeapKeeper({ timers, log }),
      inject: [FOUNDATION],
    },
    {
      provide: LoopDelay,
      useFactory: ({ logger: log, timers }: Foundation) => new LoopDelay({ timers, log }),
      inject: [FOUNDATION],
    },
    {
      provide: NodeWork,
      useFactory: (...parts: Worker[]) => new NodeWork(parts),
      inject: [
        Keys,
        NodeSettings,
        TRANSPORT,
        Peers,
        Catalogue,
        CatalogueSync,
        Backup,
        ProvideQueue,
        Placement,
        Purge,
        Scrubber,
        NodeStatus,
        HeapKeeper,
        LoopDelay,
        Files,
        LiveFolders,
      ],
    },
    {
      provide: NodeHealth,
      useFactory: (
        { logger: log, clock, timers }: Foundation,
        db: Database,
        chunks: ChunkStore,
        membership: Membership,
        peers: Peers,
        events: EventLog,
        joining: Joining,
        scrubber: Scrubber,
        catalogue: Catalogue,
        generation: Generation,
        backup: Backup,
        placement: Placement,
        work: NodeWork,
        folders: LiveFolders,
      ) =>
        new NodeHealth({
          ...{ placement, folders, timers, work: () => work.list() },
          ...{ db, chunks, generation, catalogue, membership, peers, events, joining, scrubber, backup, clock, log },
        }),
      inject: [
        ...[FOUNDATION, Database, ChunkStore, Membership, Peers, EventLog, Joining, Scrubber, Catalogue],
        ...[Generation, Backup, Placement, NodeWork, LiveFolders],
      ],
    },
    {
      provide: NodeSummary,
      useFactory: (files: Files, chunks: ChunkStore, placement: Placement, health: NodeHealth) =>
        new NodeSummary({ files, chunks, placement, health }),
      inject: [Files, ChunkStore, Placement, NodeHealth],
    },
    {
      provide: NodeMetrics,
      useFactory: (
        chunks: ChunkStore,
        catalogue: Catalogue,
        membership: Membership,
        peers: Peers,
        dht: ProvideQueue,
        placement: Placement,
        scrubber: Scrubber,
        work: NodeWork,
        folders: LiveFolders,
        delay: LoopDelay,
      ) => new NodeMetrics({ chunks, catalogue, membership, peers, dht, placement, scrubber, work, folders, delay }),
      inject: [
        ...[ChunkStore, Catalogue, Membership, Peers, ProvideQueue, Placement, Scrubber, NodeWork, LiveFolders],
        LoopDelay,
      ],
    },
  ],
})
export class ApiModule {}
