/** Metadata of a handler that reads the request itself: no body parser may touch it. */
export const STREAMED_BODY = 'dfs:streamed-body';

/** Marks such a handler. */
export const StreamedBody = (): MethodDecorator => (_target, _key, descriptor) => {
  Reflect.defineMetadata(STREAMED_BODY, true, descriptor.value as object);
};

/** Metadata of a handler whose JSON body may list a thousand files. */
export const LARGE_JSON_BODY = 'dfs:large-json-body';

/** Marks such a handler: its body may be up to 1 MiB. */
export const LargeJsonBody = (): MethodDecorator => (_target, _key, descriptor) => {
  Reflect.defineMetadata(LARGE_JSON_BODY, true, descriptor.value as object);
};
