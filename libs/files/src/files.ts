import type { ChunkList, FileInfo, FileList, HolderList, VersionList } from '@dfs/contracts';
import { openContent, type OpenContent } from './download.js';
import { getFile, listChunks, listFiles, listHolders, listVersions, type ListQuery } from './listing.js';
import type { Preconditions } from './preconditions.js';
import type { FilesComponents } from './ports.js';
import { removeFile } from './removal.js';
import { uploadMany, type PartResult, type UploadManyOptions, type UploadPart } from './upload-many.js';
import { upload, type UploadOutcome, type UploadRequest } from './upload.js';

/** The files of the network, as one node sees and serves them: a verb each, a file for every verb. */
export class Files {
  constructor(private readonly components: FilesComponents) {}

  upload(request: UploadRequest): Promise<UploadOutcome> {
    return upload(this.components, request);
  }

  uploadMany(parts: AsyncIterable<UploadPart>, options?: UploadManyOptions): Promise<PartResult[]> {
    return uploadMany(this.components, parts, options);
  }

  open(fileId: string, version?: string): Promise<OpenContent> {
    return openContent(this.components, fileId, version);
  }

  list(query: ListQuery): Promise<FileList> {
    return listFiles(this.components, query);
  }

  get(fileId: string): Promise<FileInfo> {
    return getFile(this.components, fileId);
  }

  remove(fileId: string, want?: Pick<Preconditions, 'ifMatch'>): Promise<void> {
    return removeFile(this.components, fileId, want);
  }

  versions(fileId: string): Promise<VersionList> {
    return listVersions(this.components, fileId);
  }

  chunks(fileId: string, query: { limit: number; cursor?: string }): Promise<ChunkList> {
    return listChunks(this.components, fileId, query);
  }

  holders(fileId: string): Promise<HolderList> {
    return listHolders(this.components, fileId);
  }
}
