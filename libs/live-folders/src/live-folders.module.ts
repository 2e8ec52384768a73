import { Module, type DynamicModule, type FactoryProvider } from '@nestjs/common';
import { LiveFoldersController } from './http/live-folders.controller.js';
import { LiveFolders } from './live-folders.js';

/** The HTTP surface of live folders over a LiveFolders that the application composes. */
@Module({})
export class LiveFoldersModule {
  static forRoot(folders: Pick<FactoryProvider<LiveFolders>, 'useFactory' | 'inject'>): DynamicModule {
    return {
      module: LiveFoldersModule,
      global: true,
      controllers: [LiveFoldersController],
      providers: [{ provide: LiveFolders, ...folders }],
      exports: [LiveFolders],
    };
  }
}
