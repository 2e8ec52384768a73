import { ApiProperty, ApiPropertyOptional, ApiSchema, PickType } from '@nestjs/swagger';
import {
  ERROR_STATUS,
  type EventMap,
  type EventType,
  type FolderHeldData,
  type FolderIssueData,
  type FolderStateData,
  type FileBatch,
  type FileEventItem,
  type PeerEvent,
  type LiveFolderReason,
  type StreamPosition,
  type WarningEvent,
} from '@dfs/contracts';
import { FIELD, FileAttributesDto, ReplicationDto, TransferDto } from '@dfs/files';
import { LiveFolderIssueDto } from '@dfs/live-folders';
import { FileTotalsDto, NetworkDto, PeerDto, StorageDto } from './api.schema.dto.js';

// The data of events, for both documents. Each implements its contract, so that neither can drift.

/** Files of one batch, at most. */
const MAX_BATCH = 1000;
const batch = { minItems: 1, maxItems: MAX_BATCH };

/** One file of a file event. */
@ApiSchema({ name: 'FileEventItem' })
export class FileEventItemDto extends FileAttributesDto implements FileEventItem {
  @ApiProperty(FIELD.text) id!: string;
  @ApiProperty(FIELD.text) path!: string;
  @ApiProperty(FIELD.bytes) size!: number;
  @ApiProperty(FIELD.text) mediaType!: string;
  @ApiProperty(FIELD.text) contentId!: string;
  @ApiProperty(FIELD.moment) modifiedAt!: string;
  @ApiProperty(FIELD.text) author!: string;
  @ApiProperty(FIELD.text) version!: string;
}

/** Data of the events of files. */
@ApiSchema({ name: 'FileBatch' })
export class FileBatchDto implements FileBatch {
  @ApiProperty({ type: [FileEventItemDto], ...batch }) files!: FileEventItemDto[];
  @ApiPropertyOptional({
    ...FIELD.text,
    pattern: '^[0-9a-f]{32}$',
    description: 'The act that changed them all, where they were changed by one.',
  })
  act?: string;
}

/** Data of `file.purged`. */
@ApiSchema({ name: 'PurgedBatch' })
export class PurgedBatchDto extends FileBatchDto {
  @ApiPropertyOptional({
    enum: ['room'],
    description: 'The last copy that was known gave way to uploads; otherwise the retention is over.',
  })
  reason?: 'room';
}

/** How well one file is kept now. */
@ApiSchema({ name: 'FileReplication' })
export class FileReplicationDto {
  @ApiProperty(FIELD.text) id!: string;
  @ApiProperty(FIELD.text) path!: string;
  @ApiProperty({ type: ReplicationDto }) replication!: ReplicationDto;
}

/** Data of `file.replication`. */
@ApiSchema({ name: 'ReplicationBatch' })
export class ReplicationBatchDto {
  @ApiProperty({ type: [FileReplicationDto] }) files!: FileReplicationDto[];
}

/** Data of `file.states`. */
@ApiSchema({ name: 'StatesChanged' })
export class StatesChangedDto {
  @ApiProperty({ ...FIELD.moment, description: 'Reads from then on show the change.' }) asOf!: string;
}

/** The member of a peer event. */
@ApiSchema({ name: 'PeerSummary' })
export class PeerSummaryDto extends PickType(PeerDto, ['peerId', 'name', 'role', 'state'] as const) {}

/** Data of the events of members. */
@ApiSchema({ name: 'PeerEvent' })
export class PeerEventDto implements PeerEvent {
  @ApiProperty({ type: PeerSummaryDto }) peer!: PeerSummaryDto;
}

/** Data of `sync.started`. */
@ApiSchema({ name: 'SyncStarted' })
export class SyncStartedDto {
  @ApiProperty(FIELD.text) peerId!: string;
}

/** Data of `sync.finished`. */
@ApiSchema({ name: 'SyncFinished' })
export class SyncFinishedDto {
  @ApiProperty(FIELD.text) peerId!: string;
  @ApiProperty({ ...FIELD.count, description: 'Records that came.' }) received!: number;
  @ApiProperty({ ...FIELD.count, description: 'Records that went.' }) sent!: number;
}

/** Data of `transfer.progress`. */
@ApiSchema({ name: 'TransferProgress' })
export class TransferProgressDto {
  @ApiProperty({ type: [TransferDto] }) transfers!: TransferDto[];
}

/** Data of the end of a transfer. */
@ApiSchema({ name: 'TransferEnd' })
export class TransferEndDto {
  @ApiProperty({ type: TransferDto }) transfer!: TransferDto;
}

/** Data of `node.warning`. */
@ApiSchema({ name: 'WarningEvent' })
export class WarningDto implements WarningEvent {
  @ApiProperty({
    enum: [
      ...Object.keys(ERROR_STATUS),
      ...['damaged-chunk', 'skewed-clock', 'low-space', 'fork', 'old-database', 'refused-record'],
    ],
    enumName: 'WarningCode',
  })
  code!: WarningEvent['code'];
  @ApiProperty(FIELD.text) detail!: string;
  @ApiProperty({ ...FIELD.flag, description: 'False once the cause is gone.' }) active!: boolean;
}

/** Data of `node.status`. */
@ApiSchema({ name: 'NodeStatus' })
export class NodeStatusDto {
  @ApiProperty(FIELD.count) uptimeSeconds!: number;
  @ApiProperty({ type: StorageDto }) storage!: StorageDto;
  @ApiProperty({ type: NetworkDto }) network!: NetworkDto;
  @ApiProperty({ type: FileTotalsDto }) fileTotals!: FileTotalsDto;
  @ApiProperty(FIELD.count) connectedPeers!: number;
}

const FOLDER_STATES = ['scanning', 'up-to-date', 'syncing', 'paused', 'held', 'error'] as const;
const FOLDER_REASONS: LiveFolderReason[] = [
  'asked',
  'marker-missing',
  'marker-other',
  'root-changed',
  'old-copy',
  'prefix-gone',
  'not-synced',
  'read-only-member',
  'rules-unreadable',
  'root-missing',
  'disk-error',
  'disk-hung',
  'no-room',
  'refused',
];

/** Which live folder. */
@ApiSchema({ name: 'NamedFolder' })
export class NamedFolderDto {
  @ApiProperty(FIELD.text) id!: string;
  @ApiProperty(FIELD.text) name!: string;
}

/** How a live folder is. */
@ApiSchema({ name: 'FolderState' })
export class FolderStateDto extends NamedFolderDto {
  @ApiProperty({ enum: FOLDER_STATES }) state!: FolderStateData['folder']['state'];
  @ApiProperty({
    ...{ type: 'string', enum: FOLDER_REASONS, nullable: true },
    description: 'Why it is not up to date; null while it is well.',
  })
  reason!: FolderStateData['folder']['reason'];
  @ApiProperty({ type: String, nullable: true }) detail!: string | null;
}

/** How a live folder is since `folder.state` was told. */
@ApiSchema({ name: 'FolderStateData' })
export class FolderStateDataDto implements FolderStateData {
  @ApiProperty({ type: FolderStateDto }) folder!: FolderStateDto;
}

/** Deletions of a live folder that wait for an answer: `folder.held`. */
@ApiSchema({ name: 'FolderHeldData' })
export class FolderHeldDataDto implements FolderHeldData {
  @ApiProperty({ type: NamedFolderDto }) folder!: NamedFolderDto;
  @ApiProperty(FIELD.text) hold!: string;
  @ApiProperty(FIELD.count) count!: number;
  @ApiProperty({ type: [String], maxItems: 100 }) paths!: string[];
}

/** New issues of one pass over a live folder: `folder.issue`. */
@ApiSchema({ name: 'FolderIssueData' })
export class FolderIssueDataDto implements FolderIssueData {
  @ApiProperty({ type: NamedFolderDto }) folder!: NamedFolderDto;
  @ApiProperty({ type: [LiveFolderIssueDto], maxItems: 100 }) issues!: LiveFolderIssueDto[];
  @ApiProperty(FIELD.count) count!: number;
}

/** A place in the stream of events. */
@ApiSchema({ name: 'StreamPosition' })
export class StreamPositionDto implements StreamPosition {
  @ApiProperty(FIELD.text) stream!: string;
  @ApiProperty(FIELD.count) seq!: number;
}

type DataClass<T extends EventType> = new () => EventMap[T];

/** The data of each event. A new one in the contract does not compile until it is described here. */
export const EVENT_DATA: { [T in EventType]: DataClass<T> } = {
  'file.uploaded': FileBatchDto,
  'file.updated': FileBatchDto,
  'file.deleted': FileBatchDto,
  'file.restored': FileBatchDto,
  'file.conflict': FileBatchDto,
  'file.replication': ReplicationBatchDto,
  'file.states': StatesChangedDto,
  'file.purged': PurgedBatchDto,
  'peer.added': PeerEventDto,
  'peer.connected': PeerEventDto,
  'peer.disconnected': PeerEventDto,
  'peer.removed': PeerEventDto,
  'folder.state': FolderStateDataDto,
  'folder.held': FolderHeldDataDto,
  'folder.issue': FolderIssueDataDto,
  'sync.started': SyncStartedDto,
  'sync.finished': SyncFinishedDto,
  'transfer.progress': TransferProgressDto,
  'transfer.finished': TransferEndDto,
  'transfer.failed': TransferEndDto,
  'node.warning': WarningDto,
  'node.status': NodeStatusDto,
};
