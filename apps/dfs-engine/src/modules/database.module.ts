import { Global, Module, type DynamicModule, type OnApplicationShutdown } from '@nestjs/common';
import { Database, type DatabaseOptions } from '@dfs/database';

/** Offers the one Database to every module, and closes it last. */
@Global()
@Module({})
export class DatabaseModule implements OnApplicationShutdown {
  constructor(private readonly database: Database) {}

  /** @param onOpened gets it first, and may refuse it. Where the application is not composed to its end, nobody else closes it. */
  static forRoot(options: DatabaseOptions, onOpened?: (database: Database) => Promise<void>): DynamicModule {
    return {
      module: DatabaseModule,
      providers: [
        {
          provide: Database,
          useFactory: async () => {
            const database = await Database.open(options);
            await onOpened?.(database);
            return database;
          },
        },
      ],
      exports: [Database],
    };
  }

  async onApplicationShutdown(): Promise<void> {
    await this.database.close();
  }
}
