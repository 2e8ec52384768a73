import { ApiExtraModels, ApiProperty, ApiPropertyOptional, getSchemaPath } from '@nestjs/swagger';
import type {
  ChunkInfo,
  ChunkList,
  FieldProblem,
  FileAttributes,
  FileInfo,
  FileList,
  FolderInfo,
  FormFault,
  HolderList,
  MovedFile,
  Problem,
  PurgeInfo,
  ReleasedVersions,
  Replication,
  ReplicationReason,
  ReplicationState,
  UploadResult,
  UploadResults,
  VersionInfo,
  VersionList,
  FoundContentInfo,
  FoundContentList,
  VoidVersionInfo,
  VoidVersionList,
  ErrorCode,
} from '@dfs/contracts';
import { ERROR_STATUS } from '@dfs/contracts';

// The shapes of answers, for the API document alone. Each implements its contract, so that neither can drift.

const timestamp = { format: 'date-time', example: '2026-11-22T12:00:00.000Z' };
const bytes = { type: 'integer', format: 'int64', minimum: 0 } as const;
const count = { type: 'integer', minimum: 0 } as const;

/** One of the `errors` of a problem. */
export class FieldProblemDto implements FieldProblem {
  @ApiProperty() field!: string;
  @ApiProperty() detail!: string;
}

/** The body of every error, `application/problem+json` (RFC 9457). */
export class ProblemDto implements Problem {
  [extension: string]: unknown;
  @ApiProperty({ example: '/api/docs#file-not-found' }) type!: string;
  @ApiProperty() title!: string;
  @ApiProperty({ type: 'integer' }) status!: number;
  @ApiProperty({ enum: Object.keys(ERROR_STATUS), enumName: 'ErrorCode' }) code!: ErrorCode;
  @ApiProperty({ description: 'What happened and what to do, for a person.' }) detail!: string;
  @ApiPropertyOptional() instance?: string;
  @ApiProperty() requestId!: string;
  @ApiProperty({ description: 'The same request may succeed later.' }) retryable!: boolean;
  @ApiPropertyOptional({ type: [FieldProblemDto] }) errors?: FieldProblemDto[];
}

/** How safe a file is. */
export class ReplicationDto implements Replication {
  @ApiProperty({ ...count, description: 'Copies wanted of every part.' }) target!: number;
  @ApiProperty({ ...count, description: 'Copies there are of the part that has fewest.' }) copies!: number;
  @ApiProperty({ enum: ['pending', 'replicating', 'safe', 'limited', 'at-risk', 'unavailable'] })
  state!: ReplicationState;
  @ApiPropertyOptional({ enum: ['few-members', 'no-space', 'holder-gone', 'no-holder'] }) reason?: ReplicationReason;
}

/** A member that has not purged a deleted file yet. */
export class WaitingMemberDto {
  @ApiProperty() peerId!: string;
  @ApiProperty() name!: string;
  @ApiProperty({ type: String, nullable: true, ...timestamp }) lastSeenAt!: string | null;
}

/** How far the purge of a deleted file has come. */
export class PurgeDto implements PurgeInfo {
  @ApiProperty({ ...count, description: 'Members that hold nothing for it any more.' }) purged!: number;
  @ApiProperty({ ...count, description: 'Members that keep some of it for other files or versions.' }) kept!: number;
  @ApiProperty({ ...count, description: 'Members there are, this node included.' }) members!: number;
  @ApiProperty({ type: [WaitingMemberDto], description: 'The first 32 of the others, those unseen for longest first.' })
  waitingFor!: WaitingMemberDto[];
}

/** What a record says beside path and bytes. Fields that it does not have are left out. */
export class FileAttributesDto implements FileAttributes {
  @ApiPropertyOptional({ ...timestamp, description: 'When the file was changed where it came from.' }) mtime?: string;
  @ApiPropertyOptional({ description: 'Whether the file is a program.' }) executable?: boolean;
  @ApiPropertyOptional({ type: 'object', additionalProperties: { type: 'string' }, description: 'Your own pairs.' })
  meta?: Record<string, string>;
}

/** A file as lists, uploads and all acts answer it. */
export class FileDto extends FileAttributesDto implements FileInfo {
  @ApiProperty() id!: string;
  @ApiProperty({ example: 'photos/2026/a.jpg' }) path!: string;
  @ApiProperty(bytes) size!: number;
  @ApiProperty({ example: 'image/jpeg' }) mediaType!: string;
  @ApiProperty({ description: 'CIDv1; the same bytes have the same one on every node.' }) contentId!: string;
  @ApiProperty(timestamp) createdAt!: string;
  @ApiProperty(timestamp) modifiedAt!: string;
  @ApiProperty({ description: 'Peer id of the node that wrote it.' }) author!: string;
  @ApiProperty() version!: string;
  @ApiProperty() deleted!: boolean;
  @ApiProperty() conflict!: boolean;
  @ApiProperty() replication!: ReplicationDto;
  @ApiPropertyOptional({ description: 'Of a deleted file: how far it is purged.' }) purge?: PurgeDto;
}

/** Answer of a move. The id follows from the path, so the file has another one now. */
export class MovedFileDto extends FileDto implements MovedFile {
  @ApiProperty({ description: 'Its id at the path it was moved from.' }) previousId!: string;
}

/** A folder of a level, with sums over what is beneath it. */
export class FolderDto implements FolderInfo {
  @ApiProperty({ example: '2026' }) name!: string;
  @ApiProperty({ example: 'photos/2026/' }) path!: string;
  @ApiProperty({ ...count, description: 'Files beneath it, at any depth.' }) files!: number;
  @ApiProperty(bytes) bytes!: number;
  @ApiProperty({ type: String, nullable: true, ...timestamp }) newest!: string | null;
}

/** A page of `GET /files`. */
export class FileListDto implements FileList {
  @ApiProperty({ type: [FileDto] }) items!: FileDto[];
  @ApiProperty({ type: [FolderDto], description: 'With delimiter=/: the folders of this level.' })
  folders!: FolderDto[];
  @ApiProperty({ type: String, nullable: true }) nextCursor!: string | null;
  @ApiProperty({ ...count, description: 'Files that match, over all pages.' }) total!: number;
  @ApiPropertyOptional({ ...count, description: 'With delimiter=/: folders of this level.' }) totalFolders?: number;
}

/** Result for one file of a form. */
export class UploadResultDto implements UploadResult {
  @ApiProperty() path!: string;
  @ApiProperty({ type: 'integer', example: 201 }) status!: number;
  @ApiPropertyOptional() file?: FileDto;
  @ApiPropertyOptional() problem?: ProblemDto;
}

/** What was wrong with a form itself: nothing after it was read. */
export class FormFaultDto implements FormFault {
  @ApiProperty({ type: String, nullable: true, description: 'Always null: it is the fault of no file.' }) path!: null;
  @ApiProperty({ type: 'integer', example: 400 }) status!: number;
  @ApiProperty({ enum: Object.keys(ERROR_STATUS), enumName: 'ErrorCode' }) code!: ErrorCode;
  @ApiProperty({ description: 'What was wrong with the form, for a person.' }) detail!: string;
}

/** Answer to a form with many files. */
@ApiExtraModels(UploadResultDto, FormFaultDto)
export class UploadResultsDto implements UploadResults {
  @ApiProperty({
    type: 'array',
    items: { anyOf: [{ $ref: getSchemaPath(UploadResultDto) }, { $ref: getSchemaPath(FormFaultDto) }] },
    description: 'One for each file; the last may be a fault of the form, after which nothing more of it was taken.',
  })
  results!: (UploadResultDto | FormFaultDto)[];
}

/** A chunk of a file. */
export class ChunkDto implements ChunkInfo {
  @ApiProperty() id!: string;
  @ApiProperty(bytes) offset!: number;
  @ApiProperty(bytes) size!: number;
  @ApiProperty({ description: 'Held by this node.' }) here!: boolean;
}

/** A page of `GET /files/{fileId}/chunks`. */
export class ChunkListDto implements ChunkList {
  @ApiProperty({ type: [ChunkDto] }) items!: ChunkDto[];
  @ApiProperty({ type: String, nullable: true }) nextCursor!: string | null;
  @ApiProperty(count) total!: number;
}

/** A member that holds an extent. */
export class HolderDto {
  @ApiProperty() peerId!: string;
  @ApiProperty() name!: string;
  @ApiProperty() live!: boolean;
  @ApiProperty() self!: boolean;
}

/** The holders of one extent; `index` counts extents from 0. */
export class ExtentHoldersDto {
  @ApiProperty(count) index!: number;
  @ApiProperty({ type: [HolderDto] }) holders!: HolderDto[];
}

/** Answer of `GET /files/{fileId}/holders`. */
export class HolderListDto implements HolderList {
  @ApiProperty({ type: [ExtentHoldersDto] }) extents!: ExtentHoldersDto[];
}

/** A version of a path. */
export class VersionDto extends FileAttributesDto implements VersionInfo {
  @ApiProperty() version!: string;
  @ApiProperty({ enum: ['file', 'deletion', 'folder'] }) kind!: VersionInfo['kind'];
  @ApiProperty() path!: string;
  @ApiProperty(bytes) size!: number;
  @ApiProperty() mediaType!: string;
  @ApiProperty({ type: String, nullable: true }) contentId!: string | null;
  @ApiProperty() author!: string;
  @ApiProperty(timestamp) writtenAt!: string;
  @ApiProperty() head!: boolean;
  @ApiProperty() shown!: boolean;
  @ApiProperty({ description: 'Brought along by a node that joined with files.' }) imported!: boolean;
  @ApiProperty({
    type: String,
    nullable: true,
    description: 'The path it was moved from; its own path when an earlier version was brought back.',
  })
  from!: string | null;
  @ApiProperty({ description: 'Its retention is over, and this node keeps its content no longer.' }) purged!: boolean;
  @ApiPropertyOptional({ description: 'Of a deletion that the path shows: how far it is purged.' }) purge?: PurgeDto;
}

/** A page of `GET /files/{fileId}/versions`. */
export class VersionListDto implements VersionList {
  @ApiProperty({ type: [VersionDto] }) items!: VersionDto[];
  @ApiProperty({ type: String, nullable: true }) nextCursor!: string | null;
  @ApiProperty({ ...count, description: 'Versions there are, over all pages.' }) total!: number;
}

/** A version that counts nowhere, until a member adopts it. */
export class VoidVersionDto implements VoidVersionInfo {
  @ApiProperty() version!: string;
  @ApiProperty() fileId!: string;
  @ApiProperty() path!: string;
  @ApiProperty({ enum: ['file', 'deletion', 'folder'] }) kind!: VoidVersionInfo['kind'];
  @ApiProperty({ type: String, nullable: true }) contentId!: string | null;
  @ApiProperty(bytes) size!: number;
  @ApiProperty() mediaType!: string;
  @ApiProperty({ description: 'Peer id of the node that wrote it, and was removed.' }) author!: string;
  @ApiProperty({ type: String, nullable: true }) authorName!: string | null;
  @ApiProperty(timestamp) modifiedAt!: string;
  @ApiProperty({
    enum: ['removed', 'future'],
    description: 'Why it does not count: its author was removed, or its time is yet to come.',
  })
  reason!: VoidVersionInfo['reason'];
  @ApiProperty({
    type: String,
    nullable: true,
    description: 'The version that says the same since this node adopted it.',
  })
  adoptedAs!: string | null;
  @ApiProperty({ description: 'Its retention is over, and this node keeps its content no longer.' }) purged!: boolean;
}

/** A page of `GET /void-versions`. */
export class VoidVersionListDto implements VoidVersionList {
  @ApiProperty({ type: [VoidVersionDto] }) items!: VoidVersionDto[];
  @ApiProperty({ type: String, nullable: true }) nextCursor!: string | null;
  @ApiProperty({ ...count, description: 'Void versions that match, over all pages.' }) total!: number;
}

/** A content without a record. */
export class FoundContentDto implements FoundContentInfo {
  @ApiProperty() contentId!: string;
  @ApiProperty(bytes) size!: number;
  @ApiProperty({ description: 'By its first bytes.' }) mediaType!: string;
  @ApiProperty({ description: 'Every chunk is here, so that a file can be made of it.' }) whole!: boolean;
  @ApiProperty(timestamp) foundAt!: string;
}

/** A page of `GET /found-contents`. */
export class FoundContentListDto implements FoundContentList {
  @ApiProperty({ type: [FoundContentDto] }) items!: FoundContentDto[];
  @ApiProperty({ type: String, nullable: true }) nextCursor!: string | null;
  @ApiProperty({ ...count, description: 'Found contents, over all pages.' }) total!: number;
  @ApiProperty({ ...bytes, description: 'Of all of them.' }) bytes!: number;
}

/** Answer of `DELETE /files/{fileId}/versions`. */
export class ReleasedVersionsDto implements ReleasedVersions {
  @ApiProperty({ ...count, description: 'Earlier versions that were looked at.' }) versions!: number;
  @ApiProperty({ ...count, description: 'Bytes of contents that this node keeps no longer.' }) bytes!: number;
}
