/** Metadata of a handler that reads the request itself: no body parser may touch it. */
export const STREAMED_BODY = 'dfs:streamed-body';

/** Marks such a handler. */
export const StreamedBody = (): MethodDecorator => (_target, _key, descriptor) => {
  Reflect.defineMetadata(STREAMED_BODY, true, descriptor.value as object);
};
