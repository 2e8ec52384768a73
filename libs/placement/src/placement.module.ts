import { Module, type DynamicModule, type OnApplicationShutdown } from '@nestjs/common';
import type { PlacementComponents } from './ports.js';
import { Placement } from './placement.js';

/** Offers the one Placement, and stops it before what it rests on. Who composes the node starts it. */
@Module({})
export class PlacementModule implements OnApplicationShutdown {
  constructor(private readonly placement: Placement) {}

  /**
   * @param inject tokens of what the factory needs
   * @param components makes the components of Placement from them
   */
  static forRoot<T extends unknown[]>(options: {
    imports?: NonNullable<DynamicModule['imports']>;
    inject: NonNullable<Extract<NonNullable<DynamicModule['providers']>[number], { inject?: unknown }>['inject']>;
    components: (...parts: T) => PlacementComponents;
  }): DynamicModule {
    return {
      module: PlacementModule,
      global: true,
      imports: options.imports ?? [],
      providers: [
        {
          provide: Placement,
          inject: options.inject,
          useFactory: (...parts: T) => Placement.open(options.components(...parts)),
        },
      ],
      exports: [Placement],
    };
  }

  async onApplicationShutdown(): Promise<void> {
    await this.placement.stop();
  }
}
