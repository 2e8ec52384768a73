import { Module, type DynamicModule, type FactoryProvider } from '@nestjs/common';
import { UploadsController } from './http/uploads.controller.js';
import { TusGuard } from './http/tus.guard.js';
import { Uploads } from './uploads.js';

/** The HTTP surface of resumable uploads over an Uploads that the application composes. */
@Module({})
export class TusModule {
  static forRoot(uploads: Pick<FactoryProvider<Uploads>, 'useFactory' | 'inject'>): DynamicModule {
    return {
      module: TusModule,
      controllers: [UploadsController],
      providers: [TusGuard, { provide: Uploads, ...uploads }],
      exports: [Uploads],
    };
  }
}
