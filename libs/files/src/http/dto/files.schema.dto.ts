import { ApiExtraModels, ApiProperty, ApiPropertyOptional, getSchemaPath, ApiSchema } from '@nestjs/swagger';
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
  LocalState,
  MovedFile,
  Problem,
  PurgeInfo,
  Reach,
  ReleasedVersions,
  Replication,
  ReplicationReason,
  ReplicationState,
  UploadResult,
  UploadResults,
  VerifyResult,
  VersionInfo,
  VersionList,
  FoundContentInfo,
  FoundContentList,
  VoidVersionInfo,
  VoidVersionList,
  WorstState,
  ErrorCode,
} from '@dfs/contracts';
import { FIELD } from '../../describe/fields.dto.js';

// The shapes of answers, for the API document alone. Each implements its contract, so that neither can drift.

/** One of the `errors` of a problem. */
@ApiSchema({ name: 'FieldProblem' })
export class FieldProblemDto implements FieldProblem {
  @ApiProperty(FIELD.text) field!: string;
  @ApiProperty(FIELD.text) detail!: string;
}

/** The body of every error, `application/problem+json` (RFC 9457). */
@ApiSchema({ name: 'Problem' })
export class ProblemDto implements Problem {
  [extension: string]: unknown;
  @ApiProperty({ ...FIELD.text, example: '/api/problems/file-not-found' }) type!: string;
  @ApiProperty(FIELD.text) title!: string;
  @ApiProperty({ type: 'integer' }) status!: number;
  @ApiProperty(FIELD.errorCode) code!: ErrorCode;
  @ApiProperty({ ...FIELD.text, description: 'The cause and what to do, for a person.' }) detail!: string;
  @ApiPropertyOptional(FIELD.text) instance?: string;
  @ApiProperty(FIELD.text) requestId!: string;
  @ApiProperty({ ...FIELD.flag, description: 'The same request may succeed later.' }) retryable!: boolean;
  @ApiPropertyOptional({ type: [FieldProblemDto] }) errors?: FieldProblemDto[];
}

/** How safe a file is. */
@ApiSchema({ name: 'Replication' })
export class ReplicationDto implements Replication {
  @ApiProperty({ ...FIELD.count, description: 'Copies wanted of every part.' }) target!: number;
  @ApiProperty({ ...FIELD.count, description: 'Copies there are of the part that has fewest.' }) copies!: number;
  @ApiProperty(FIELD.replicationState) state!: ReplicationState;
  @ApiProperty({ ...FIELD.count, description: 'Copies on members that are connected now.' }) reachable!: number;
  @ApiPropertyOptional({ enum: ['few-members', 'no-space', 'holder-gone', 'no-holder'] }) reason?: ReplicationReason;
}

/** A member that has not purged a deleted file yet. */
@ApiSchema({ name: 'WaitingMember' })
export class WaitingMemberDto {
  @ApiProperty(FIELD.text) peerId!: string;
  @ApiProperty(FIELD.text) name!: string;
  @ApiProperty({ ...FIELD.moment, nullable: true }) lastSeenAt!: string | null;
}

/** How far the purge of a deleted file has come. */
@ApiSchema({ name: 'PurgeInfo' })
export class PurgeDto implements PurgeInfo {
  @ApiProperty({ ...FIELD.count, description: 'Members that hold nothing for it any more.' }) purged!: number;
  @ApiProperty({ ...FIELD.count, description: 'Members that keep some of it for other files or versions.' })
  kept!: number;
  @ApiProperty({ ...FIELD.count, description: 'Members there are, this node included.' }) members!: number;
  @ApiProperty({ type: [WaitingMemberDto], description: 'The first 32 of the others, those unseen for longest first.' })
  waitingFor!: WaitingMemberDto[];
}

/** Attributes of a record, beside path and bytes. Absent ones are left out. */
@ApiSchema({ name: 'FileAttributes' })
export class FileAttributesDto implements FileAttributes {
  @ApiPropertyOptional({ ...FIELD.moment, description: 'When the file was changed where it came from.' })
  mtime?: string;
  @ApiPropertyOptional({ ...FIELD.flag, description: 'Whether the file is a program.' }) executable?: boolean;
  @ApiPropertyOptional({ type: 'object', additionalProperties: { type: 'string' }, description: 'Your own pairs.' })
  meta?: Record<string, string>;
}

/** A file as lists, uploads and all acts answer it. */
@ApiSchema({ name: 'FileInfo' })
export class FileDto extends FileAttributesDto implements FileInfo {
  @ApiProperty(FIELD.text) id!: string;
  @ApiProperty({ ...FIELD.text, example: 'photos/2026/a.jpg' }) path!: string;
  @ApiProperty(FIELD.bytes) size!: number;
  @ApiProperty({ ...FIELD.text, example: 'image/jpeg' }) mediaType!: string;
  @ApiProperty({ ...FIELD.text, description: 'CIDv1; the same bytes have the same one on every node.' })
  contentId!: string;
  @ApiProperty(FIELD.moment) createdAt!: string;
  @ApiProperty(FIELD.moment) modifiedAt!: string;
  @ApiProperty({ ...FIELD.text, description: 'Peer id of the node that wrote it.' }) author!: string;
  @ApiProperty(FIELD.text) version!: string;
  @ApiProperty(FIELD.flag) deleted!: boolean;
  @ApiProperty(FIELD.flag) conflict!: boolean;
  @ApiProperty({ type: ReplicationDto }) replication!: ReplicationDto;
  @ApiProperty({
    enum: ['whole', 'part', 'none'],
    description: 'How much of it this node keeps. Cache does not count.',
  })
  local!: LocalState;
  @ApiPropertyOptional({
    type: Boolean,
    enum: [true],
    description: 'A person wants it on this node, whatever placement gives to it. Left out otherwise.',
  })
  kept?: true;
  @ApiPropertyOptional({ type: PurgeDto, description: 'Of a deleted file: how far it is purged.' }) purge?: PurgeDto;
}

/** Answer of a move. The id follows from the path, so the file has another one now. */
@ApiSchema({ name: 'MovedFile' })
export class MovedFileDto extends FileDto implements MovedFile {
  @ApiProperty({ ...FIELD.text, description: 'Its id at the path it was moved from.' }) previousId!: string;
}

/** How the files are that are worst off. */
@ApiSchema({ name: 'WorstState' })
export class WorstStateDto implements WorstState {
  @ApiProperty({ ...FIELD.replicationState, description: 'The worst state of them.' }) state!: ReplicationState;
  @ApiProperty(FIELD.reach) reach!: Reach;
}

/** A folder of a level, with sums over what is beneath it. */
@ApiSchema({ name: 'FolderInfo' })
export class FolderDto implements FolderInfo {
  @ApiProperty({ ...FIELD.text, example: '2026' }) name!: string;
  @ApiProperty({ ...FIELD.text, example: 'photos/2026/' }) path!: string;
  @ApiProperty({ ...FIELD.count, description: 'Files beneath it, at any depth.' }) files!: number;
  @ApiProperty(FIELD.bytes) bytes!: number;
  @ApiProperty({ ...FIELD.moment, nullable: true }) newest!: string | null;
  @ApiProperty({
    type: WorstStateDto,
    nullable: true,
    description: 'Null without files, and in the first seconds after a start, while it is not known yet.',
  })
  worst!: WorstStateDto | null;
}

/** A page of `GET /files`. */
@ApiSchema({ name: 'FileList' })
export class FileListDto implements FileList {
  @ApiProperty({ type: [FileDto] }) items!: FileDto[];
  @ApiProperty({ type: [FolderDto], description: 'With delimiter=/: the folders of this level.' })
  folders!: FolderDto[];
  @ApiProperty({ ...FIELD.text, nullable: true }) nextCursor!: string | null;
  @ApiProperty({ ...FIELD.count, description: 'Files that match, over all pages.' }) total!: number;
  @ApiPropertyOptional({
    type: Boolean,
    description: 'True where a search or a type matches over 100,000 files: total is the least that there are.',
  })
  totalIsAtLeast?: boolean;
  @ApiPropertyOptional({ ...FIELD.count, description: 'With delimiter=/: folders of this level.' })
  totalFolders?: number;
}

/** Result for one file of a form. */
@ApiSchema({ name: 'UploadResult' })
export class UploadResultDto implements UploadResult {
  @ApiProperty(FIELD.text) path!: string;
  @ApiProperty({ type: 'integer', example: 201 }) status!: number;
  @ApiPropertyOptional({ type: FileDto }) file?: FileDto;
  @ApiPropertyOptional({ type: ProblemDto }) problem?: ProblemDto;
}

/** A fault of a form itself: nothing after it was read. */
@ApiSchema({ name: 'FormFault' })
export class FormFaultDto implements FormFault {
  // The name of a type of JSON Schema, which this library passes on as it is.
  @ApiProperty({ type: 'null', description: 'It is the fault of no file.' })
  path!: null;
  @ApiProperty({ type: 'integer', example: 400 }) status!: number;
  @ApiProperty(FIELD.errorCode) code!: ErrorCode;
  @ApiProperty({ ...FIELD.text, description: 'The fault of the form, for a person.' }) detail!: string;
}

/** Answer to a form with many files. */
@ApiExtraModels(UploadResultDto, FormFaultDto)
@ApiSchema({ name: 'UploadResults' })
export class UploadResultsDto implements UploadResults {
  @ApiProperty({
    type: 'array',
    items: { anyOf: [{ $ref: getSchemaPath(UploadResultDto) }, { $ref: getSchemaPath(FormFaultDto) }] },
    description: 'One for each file; the last may be a fault of the form, after which nothing more of it was taken.',
  })
  results!: (UploadResultDto | FormFaultDto)[];
}

/** A chunk of a file. */
@ApiSchema({ name: 'ChunkInfo' })
export class ChunkDto implements ChunkInfo {
  @ApiProperty(FIELD.text) id!: string;
  @ApiProperty(FIELD.bytes) offset!: number;
  @ApiProperty(FIELD.bytes) size!: number;
  @ApiProperty({ ...FIELD.flag, description: 'Held by this node.' }) here!: boolean;
}

/** A page of `GET /files/{fileId}/chunks`. */
@ApiSchema({ name: 'ChunkList' })
export class ChunkListDto implements ChunkList {
  @ApiProperty({ type: [ChunkDto] }) items!: ChunkDto[];
  @ApiProperty({ ...FIELD.text, nullable: true }) nextCursor!: string | null;
  @ApiProperty(FIELD.count) total!: number;
}

/** A member that holds an extent. */
@ApiSchema({ name: 'Holder' })
export class HolderDto {
  @ApiProperty(FIELD.text) peerId!: string;
  @ApiProperty(FIELD.text) name!: string;
  @ApiProperty({ ...FIELD.flag, description: 'Seen within the grace, so that its copy counts.' }) live!: boolean;
  @ApiProperty({ ...FIELD.flag, description: 'Connected now, so that its copy can be had.' }) reachable!: boolean;
  @ApiProperty(FIELD.flag) self!: boolean;
}

/** The holders of one extent; `index` counts extents from 0. */
@ApiSchema({ name: 'ExtentHolders' })
export class ExtentHoldersDto {
  @ApiProperty(FIELD.count) index!: number;
  @ApiProperty({ type: [HolderDto] }) holders!: HolderDto[];
}

/** Answer of `GET /files/{fileId}/holders`. */
@ApiSchema({ name: 'HolderList' })
export class HolderListDto implements HolderList {
  @ApiProperty({ type: [ExtentHoldersDto] }) extents!: ExtentHoldersDto[];
}

/** Answer of `POST /files/{fileId}/verify`. */
@ApiSchema({ name: 'VerifyResult' })
export class VerifyResultDto implements VerifyResult {
  @ApiProperty({ ...FIELD.count, description: 'Chunks of the file.' }) chunks!: number;
  @ApiProperty({ ...FIELD.count, description: 'Those that are here, and are what they should be.' }) here!: number;
  @ApiProperty({ ...FIELD.bytes, description: 'Of these.' }) bytes!: number;
  @ApiProperty({ ...FIELD.count, description: 'Those that are damaged here: they are fetched anew from others.' })
  damaged!: number;
}

/** A version of a path. */
@ApiSchema({ name: 'VersionInfo' })
export class VersionDto extends FileAttributesDto implements VersionInfo {
  @ApiProperty(FIELD.text) version!: string;
  @ApiProperty({ enum: ['file', 'deletion', 'folder'] }) kind!: VersionInfo['kind'];
  @ApiProperty(FIELD.text) path!: string;
  @ApiProperty(FIELD.bytes) size!: number;
  @ApiProperty(FIELD.text) mediaType!: string;
  @ApiProperty({ ...FIELD.text, nullable: true }) contentId!: string | null;
  @ApiProperty(FIELD.text) author!: string;
  @ApiProperty(FIELD.moment) writtenAt!: string;
  @ApiProperty(FIELD.flag) head!: boolean;
  @ApiProperty(FIELD.flag) shown!: boolean;
  @ApiProperty({ ...FIELD.flag, description: 'Brought along by a node that joined with files.' }) imported!: boolean;
  @ApiProperty({
    ...FIELD.text,
    nullable: true,
    description: 'The path it was moved from; its own path when an earlier version was brought back.',
  })
  from!: string | null;
  @ApiProperty({ ...FIELD.flag, description: 'Its retention is over, and this node keeps its content no longer.' })
  purged!: boolean;
  @ApiPropertyOptional({
    enum: ['whole', 'part', 'none'],
    description: 'Of a version with a content: how much of it this node keeps. Cache does not count.',
  })
  local?: LocalState;
  @ApiPropertyOptional({
    ...FIELD.count,
    description: 'Of a version with a content: copies on members that are connected now, this node included.',
  })
  reachable?: number;
  @ApiPropertyOptional({ ...FIELD.text, pattern: '^[0-9a-f]{32}$', description: 'The act that wrote it with others.' })
  act?: string;
  @ApiPropertyOptional({ type: PurgeDto, description: 'Of a deletion that the path shows: how far it is purged.' })
  purge?: PurgeDto;
}

/** A page of `GET /files/{fileId}/versions`. */
@ApiSchema({ name: 'VersionList' })
export class VersionListDto implements VersionList {
  @ApiProperty({ type: [VersionDto] }) items!: VersionDto[];
  @ApiProperty({ ...FIELD.text, nullable: true }) nextCursor!: string | null;
  @ApiProperty({ ...FIELD.count, description: 'Versions there are, over all pages.' }) total!: number;
}

/** A version that counts nowhere, until a member adopts it. */
@ApiSchema({ name: 'VoidVersionInfo' })
export class VoidVersionDto implements VoidVersionInfo {
  @ApiProperty(FIELD.text) version!: string;
  @ApiProperty(FIELD.text) fileId!: string;
  @ApiProperty(FIELD.text) path!: string;
  @ApiProperty({ enum: ['file', 'deletion', 'folder'] }) kind!: VoidVersionInfo['kind'];
  @ApiProperty({ ...FIELD.text, nullable: true }) contentId!: string | null;
  @ApiProperty(FIELD.bytes) size!: number;
  @ApiProperty(FIELD.text) mediaType!: string;
  @ApiProperty({ ...FIELD.text, description: 'Peer id of the node that wrote it, and was removed.' }) author!: string;
  @ApiProperty({ ...FIELD.text, nullable: true }) authorName!: string | null;
  @ApiProperty(FIELD.moment) modifiedAt!: string;
  @ApiProperty({
    enum: ['removed', 'future'],
    description: 'Why it does not count: its author was removed, or its time is yet to come.',
  })
  reason!: VoidVersionInfo['reason'];
  @ApiProperty({
    ...FIELD.text,
    nullable: true,
    description: 'The version that says the same since this node adopted it.',
  })
  adoptedAs!: string | null;
  @ApiProperty({ ...FIELD.flag, description: 'Its retention is over, and this node keeps its content no longer.' })
  purged!: boolean;
}

/** A page of `GET /void-versions`. */
@ApiSchema({ name: 'VoidVersionList' })
export class VoidVersionListDto implements VoidVersionList {
  @ApiProperty({ type: [VoidVersionDto] }) items!: VoidVersionDto[];
  @ApiProperty({ ...FIELD.text, nullable: true }) nextCursor!: string | null;
  @ApiProperty({ ...FIELD.count, description: 'Void versions that match, over all pages.' }) total!: number;
}

/** A content without a record. */
@ApiSchema({ name: 'FoundContentInfo' })
export class FoundContentDto implements FoundContentInfo {
  @ApiProperty(FIELD.text) contentId!: string;
  @ApiProperty(FIELD.bytes) size!: number;
  @ApiProperty({ ...FIELD.text, description: 'By its first bytes.' }) mediaType!: string;
  @ApiProperty({ ...FIELD.flag, description: 'Every chunk is here, so that a file can be made of it.' })
  whole!: boolean;
  @ApiProperty(FIELD.moment) foundAt!: string;
}

/** A page of `GET /found-contents`. */
@ApiSchema({ name: 'FoundContentList' })
export class FoundContentListDto implements FoundContentList {
  @ApiProperty({ type: [FoundContentDto] }) items!: FoundContentDto[];
  @ApiProperty({ ...FIELD.text, nullable: true }) nextCursor!: string | null;
  @ApiProperty({ ...FIELD.count, description: 'Found contents, over all pages.' }) total!: number;
  @ApiProperty({ ...FIELD.bytes, description: 'Of all of them.' }) bytes!: number;
}

/** Answer of `DELETE /files/{fileId}/versions`. */
@ApiSchema({ name: 'ReleasedVersions' })
export class ReleasedVersionsDto implements ReleasedVersions {
  @ApiProperty({ ...FIELD.count, description: 'Earlier versions that were looked at.' }) versions!: number;
  @ApiProperty({ ...FIELD.count, description: 'Bytes of contents that this node keeps no longer.' }) bytes!: number;
}
