import { Global, Module, type DynamicModule, type FactoryProvider } from '@nestjs/common';
import { EventsGateway } from './events.gateway.js';
import { EventStreams } from './event-streams.js';
import { EventLog } from './event-log.js';
import { EVENTS_ACCESS, EVENTS_LOG, type EventsAccess } from './events-access.js';
import type { Log } from '@dfs/runtime';

type Made<T> = Pick<FactoryProvider<T>, 'useFactory' | 'inject'>;

/** The event log and its gateway, over what the application composes. */
@Global()
@Module({})
export class EventsModule {
  static forRoot(parts: { events: Made<EventLog>; access: Made<EventsAccess>; log: Log }): DynamicModule {
    return {
      module: EventsModule,
      providers: [
        EventsGateway,
        {
          provide: EventStreams,
          useFactory: (events: EventLog, log: Log) => new EventStreams(events, log),
          inject: [EventLog, EVENTS_LOG],
        },
        { provide: EventLog, ...parts.events },
        { provide: EVENTS_ACCESS, ...parts.access },
        { provide: EVENTS_LOG, useValue: parts.log },
      ],
      exports: [EventLog, EventStreams],
    };
  }
}
