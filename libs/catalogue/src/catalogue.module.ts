import { Global, Module, type DynamicModule, type FactoryProvider, type OnApplicationShutdown } from '@nestjs/common';
import { Catalogue } from './catalogue.js';
import { CatalogueSync } from './sync/catalogue-sync.js';

type Made<T> = Pick<FactoryProvider<T>, 'useFactory' | 'inject'>;

/** Offers the one Catalogue and its sync, and stops them. Who composes the node starts the sync. */
@Global()
@Module({})
export class CatalogueModule implements OnApplicationShutdown {
  constructor(
    private readonly catalogue: Catalogue,
    private readonly sync: CatalogueSync,
  ) {}

  static forRoot(parts: { catalogue: Made<Catalogue>; sync: Made<CatalogueSync> }): DynamicModule {
    return {
      module: CatalogueModule,
      providers: [
        { provide: Catalogue, ...parts.catalogue },
        { provide: CatalogueSync, ...parts.sync },
      ],
      exports: [Catalogue, CatalogueSync],
    };
  }

  async onApplicationShutdown(): Promise<void> {
    await this.sync.stop();
    await this.catalogue.close();
  }
}
