import type { UploadInParts } from '@dfs/files';

/** An upload by tus: its size is announced. */
export interface TusUpload extends UploadInParts {
  size: number;
}
