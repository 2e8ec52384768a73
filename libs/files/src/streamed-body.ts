import { SetMetadata } from '@nestjs/common';

/** Metadata of a handler that reads the request itself: no body parser may touch it. */
export const STREAMED_BODY = 'dfs:streamed-body';
export const StreamedBody = (): MethodDecorator => SetMetadata(STREAMED_BODY, true);
