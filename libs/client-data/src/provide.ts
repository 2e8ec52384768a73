import { provideHttpClient, withInterceptors, withXhr } from '@angular/common/http';
import { inject, makeEnvironmentProviders, provideAppInitializer, type EnvironmentProviders } from '@angular/core';
import { apiInterceptor } from './api.interceptor.js';
import { EventStream, openEventStream } from './event-stream.js';
import { Session } from './session.js';

/** Everything the console needs to talk to its node. Signs in before the router starts. */
export function provideClientData(): EnvironmentProviders {
  return makeEnvironmentProviders([
    // XMLHttpRequest, because fetch cannot tell how far an upload is.
    provideHttpClient(withXhr(), withInterceptors([apiInterceptor])),
    { provide: EventStream, useFactory: openEventStream },
    provideAppInitializer(() => inject(Session).start()),
  ]);
}
