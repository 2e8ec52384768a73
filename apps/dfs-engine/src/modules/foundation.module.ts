import { Global, Module, type DynamicModule } from '@nestjs/common';
import { Access } from '../access/access.js';
import { FOUNDATION, type Foundation } from './tokens.js';

/** Values known before the application is composed, for all modules. */
@Global()
@Module({})
export class FoundationModule {
  static forRoot(foundation: Foundation, access: Access): DynamicModule {
    return {
      module: FoundationModule,
      providers: [
        { provide: FOUNDATION, useValue: foundation },
        { provide: Access, useValue: access },
      ],
      exports: [FOUNDATION, Access],
    };
  }
}
