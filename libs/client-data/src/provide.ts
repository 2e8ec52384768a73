import { provideHttpClient, withInterceptors, withXhr } from '@angular/common/http';
import { inject, makeEnvironmentProviders, provideAppInitializer, type EnvironmentProviders } from '@angular/core';
import { firstValueFrom, race, timer } from 'rxjs';
import { apiInterceptor } from './api.interceptor.js';
import { EventStream, openEventStream } from './event-stream.js';
import { Session } from './session.js';

/** The first picture waits so long for the stream of events, in milliseconds. */
const LISTEN_MS = 400;

/** Everything the console needs to talk to its node. Signs in before the router starts. */
export function provideClientData(): EnvironmentProviders {
  return makeEnvironmentProviders([
    // XMLHttpRequest, because fetch cannot tell how far an upload is.
    provideHttpClient(withXhr(), withInterceptors([apiInterceptor])),
    { provide: EventStream, useFactory: openEventStream },
    provideAppInitializer(() => begin(inject(Session), inject(EventStream))),
  ]);
}

/** The console listens before its first read: it misses nothing, and need not read again once the stream is there. */
async function begin(session: Session, events: EventStream): Promise<void> {
  await session.start();
  if (session.status() !== 'signed-in') return;
  const live = firstValueFrom(race(events.live, timer(LISTEN_MS)));
  events.start();
  await live;
}
