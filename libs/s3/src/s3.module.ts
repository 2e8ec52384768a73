import { Module, type DynamicModule, type FactoryProvider } from '@nestjs/common';
import { S3Controller } from './http/s3.controller.js';
import { MultipartUploads } from './uploads/multipart.js';

/** The S3 front over the Files, and the MultipartUploads, that the application composes. */
@Module({})
export class S3Module {
  static forRoot(uploads: Pick<FactoryProvider<MultipartUploads>, 'useFactory' | 'inject'>): DynamicModule {
    return {
      module: S3Module,
      controllers: [S3Controller],
      providers: [{ provide: MultipartUploads, ...uploads }],
      exports: [MultipartUploads],
    };
  }
}
