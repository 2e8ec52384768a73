import { Module, type DynamicModule, type FactoryProvider } from '@nestjs/common';
import { WebDavController } from './http/webdav.controller.js';
import { WebDav } from './webdav.js';

/** The routes below `/dav` over a WebDav that the application composes. */
@Module({})
export class WebDavModule {
  static forRoot(webdav: Pick<FactoryProvider<WebDav>, 'useFactory' | 'inject'>): DynamicModule {
    return { module: WebDavModule, controllers: [WebDavController], providers: [{ provide: WebDav, ...webdav }] };
  }
}
