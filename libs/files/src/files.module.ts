import { Module, type DynamicModule, type FactoryProvider } from '@nestjs/common';
import { FilesController } from './http/files.controller.js';
import { FoundContentsController } from './http/found-contents.controller.js';
import { BatchController } from './http/batch.controller.js';
import { Files } from './files.js';
import { PathsController } from './http/paths.controller.js';
import { VersionsController } from './http/versions.controller.js';
import { VoidVersionsController } from './http/void-versions.controller.js';

/** The HTTP surface of files over a Files that the application composes. */
@Module({})
export class FilesModule {
  static forRoot(files: Pick<FactoryProvider<Files>, 'useFactory' | 'inject'>): DynamicModule {
    return {
      module: FilesModule,
      global: true,
      // In the order in which addresses are tried: `/files/content` is no file id.
      controllers: [
        PathsController,
        FilesController,
        VersionsController,
        VoidVersionsController,
        FoundContentsController,
        BatchController,
      ],
      providers: [{ provide: Files, ...files }],
      exports: [Files],
    };
  }
}
