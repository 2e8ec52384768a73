import {
  Module,
  type BeforeApplicationShutdown,
  type DynamicModule,
  type FactoryProvider,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { FoldersController } from './http/folders.controller.js';
import { FilesController } from './http/files.controller.js';
import { FoundContentsController } from './http/found-contents.controller.js';
import { ArchiveController, ArchivesController } from './http/archive.controller.js';
import { BatchController } from './http/batch.controller.js';
import { Files } from './files.js';
import { PathsController } from './http/paths.controller.js';
import { ThumbnailController } from './http/thumbnail.controller.js';
import { UpkeepController } from './http/upkeep.controller.js';
import { VersionsController } from './http/versions.controller.js';
import { VoidVersionsController } from './http/void-versions.controller.js';

/** The HTTP surface of files over a Files that the application composes. Acts that a stop interrupted go on with the start. */
@Module({})
export class FilesModule implements OnApplicationBootstrap, BeforeApplicationShutdown {
  constructor(private readonly files: Files) {}

  static forRoot(files: Pick<FactoryProvider<Files>, 'useFactory' | 'inject'>): DynamicModule {
    return {
      module: FilesModule,
      global: true,
      // In the order in which addresses are tried: `/files/content` is no file id.
      controllers: [
        ArchiveController,
        ArchivesController,
        PathsController,
        FilesController,
        ThumbnailController,
        UpkeepController,
        VersionsController,
        VoidVersionsController,
        FoundContentsController,
        BatchController,
        FoldersController,
      ],
      providers: [{ provide: Files, ...files }],
      exports: [Files],
    };
  }

  onApplicationBootstrap(): Promise<void> {
    this.files.states.start();
    this.files.thumbnails.start();
    return this.files.acts.resume();
  }

  /** Before the layers below stop. */
  async beforeApplicationShutdown(): Promise<void> {
    await Promise.all([this.files.acts.close(), this.files.states.stop(), this.files.thumbnails.stop()]);
  }
}
