import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import type {
  AnyEvent,
  DhtInfo,
  ErrorCode,
  EventPage,
  Health,
  InviteInfo,
  MemberRole,
  NetworkInfo,
  OwnerVotes,
  NodeInfo,
  PeerInfo,
  PeerList,
  PeerState,
  ProviderList,
  ReturnTicketInfo,
  Settings,
  TransferLimits,
  StorageInfo,
  TransferInfo,
  TransferKind,
  TransferList,
  TransferState,
} from '@dfs/contracts';

// The shapes of answers, for the API document alone. Each implements its contract, so that neither can drift.

const timestamp = { format: 'date-time', example: '2026-11-22T12:00:00.000Z' };
const bytes = { type: 'integer', format: 'int64', minimum: 0 } as const;
const count = { type: 'integer', minimum: 0 } as const;
const role = { enum: ['owner', 'member', 'storage'] };

/** What a node holds and may hold. */
export class StorageDto implements StorageInfo {
  @ApiProperty(count) chunks!: number;
  @ApiProperty(bytes) bytes!: number;
  @ApiProperty(bytes) quotaBytes!: number;
  @ApiProperty(bytes) freeBytes!: number;
  @ApiPropertyOptional({
    ...bytes,
    description: 'Snapshots and journal of the database, beside `bytes`; told by a node of itself alone.',
  })
  backupBytes?: number;
  @ApiPropertyOptional({
    ...bytes,
    description: 'Of contents kept here, those of deleted files, by their sizes; told by a node of itself alone.',
  })
  deletedBytes?: number;
  @ApiPropertyOptional({
    ...bytes,
    description: 'The same of earlier versions of files that are there.',
  })
  pastVersionBytes?: number;
}

/** The network of this node. */
export class NetworkDto implements NetworkInfo {
  @ApiProperty() id!: string;
  @ApiProperty() name!: string;
  @ApiProperty(count) members!: number;
  @ApiProperty(role) role!: MemberRole;
  @ApiPropertyOptional({ description: 'This node was removed from the network, and exchanges nothing any more.' })
  removed?: boolean;
  @ApiPropertyOptional({
    description: 'This node lost its database, and asks its members for membership and catalogue.',
  })
  returning?: boolean;
}

/** Answer of `POST /network/owners`: how many members want this owner. */
export class OwnerVotesDto implements OwnerVotes {
  @ApiProperty() peerId!: string;
  @ApiProperty({ description: 'It is an owner now.' }) owner!: boolean;
  @ApiProperty({ ...count, description: 'Connected members that have asked for it, this one included.' })
  votes!: number;
  @ApiProperty({ ...count, description: 'As many as it takes where no owner does it alone.' }) needed!: number;
}

/** Current files and the sum of their sizes. */
export class FileTotalsDto {
  @ApiProperty(count) count!: number;
  @ApiProperty(bytes) bytes!: number;
}

/** Answer of `GET /node`. */
export class NodeDto implements NodeInfo {
  @ApiProperty() peerId!: string;
  @ApiProperty() name!: string;
  @ApiProperty() version!: string;
  @ApiProperty(timestamp) startedAt!: string;
  @ApiProperty(count) uptimeSeconds!: number;
  @ApiProperty({ type: [String], description: 'Multiaddrs this node can be dialled at.' }) addresses!: string[];
  @ApiProperty() network!: NetworkDto;
  @ApiProperty() storage!: StorageDto;
  @ApiProperty() files!: FileTotalsDto;
}

/** How fast file contents move to and from a member, over the last seconds. */
export class RatesDto {
  @ApiProperty({ description: 'Bytes a second.' }) receive!: number;
  @ApiProperty({ description: 'Bytes a second.' }) send!: number;
}

/** A member as this node sees it. */
export class PeerDto implements PeerInfo {
  @ApiProperty() peerId!: string;
  @ApiProperty() name!: string;
  @ApiProperty(role) role!: MemberRole;
  @ApiProperty({ enum: ['self', 'connected', 'connecting', 'disconnected'] }) state!: PeerState;
  @ApiProperty({ type: [String] }) addresses!: string[];
  @ApiProperty({ type: Number, nullable: true }) latencyMs!: number | null;
  @ApiProperty({ type: String, nullable: true, ...timestamp }) lastSeenAt!: string | null;
  @ApiProperty({ type: Number, nullable: true }) uptimeSeconds!: number | null;
  @ApiProperty({ type: StorageDto, nullable: true }) storage!: StorageDto | null;
  @ApiProperty() rates!: RatesDto;
}

/** Answer of `GET /peers`, this node included. */
export class PeerListDto implements PeerList {
  @ApiProperty({ type: [PeerDto] }) items!: PeerDto[];
}

/** Answer of `POST /network/invites`. */
export class InviteDto implements InviteInfo {
  @ApiProperty({ description: 'To be handed to the newcomer, and to nobody else.' }) ticket!: string;
  @ApiProperty(timestamp) expiresAt!: string;
  @ApiProperty(role) role!: MemberRole;
}

/** Answer of `POST /network/return-tickets`. */
export class ReturnTicketDto implements ReturnTicketInfo {
  @ApiProperty({ description: 'For that member alone: no secret, and it admits nobody.' }) ticket!: string;
  @ApiProperty({ description: 'The member it is for.' }) peerId!: string;
}

/** How providing stands. `lagSeconds` is how late the most overdue content is. */
export class ProvideDto {
  @ApiProperty(count) queued!: number;
  @ApiProperty(count) provided!: number;
  @ApiProperty(count) failed!: number;
  @ApiProperty() lagSeconds!: number;
}

/** Answer of `GET /dht`. */
export class DhtDto implements DhtInfo {
  @ApiProperty() enabled!: boolean;
  @ApiProperty({ enum: ['server', 'client'] }) mode!: 'server' | 'client';
  @ApiProperty(count) routingTableSize!: number;
  @ApiProperty() provide!: ProvideDto;
}

/** A member that the DHT names as a holder; `name` is null for one that this node does not know. */
export class ProviderDto {
  @ApiProperty() peerId!: string;
  @ApiProperty({ type: String, nullable: true }) name!: string | null;
  @ApiProperty({ type: [String] }) addresses!: string[];
}

/** Answer of `GET /dht/providers/{contentId}`: hints, which nobody has checked. */
export class ProviderListDto implements ProviderList {
  @ApiProperty() contentId!: string;
  @ApiProperty({ type: [ProviderDto] }) providers!: ProviderDto[];
}

/** How many bytes came from one peer. */
export class TransferSourceDto {
  @ApiProperty() peerId!: string;
  @ApiProperty(bytes) bytes!: number;
}

/** Why a transfer failed. */
export class TransferErrorDto {
  @ApiProperty() code!: ErrorCode;
  @ApiProperty() detail!: string;
}

/** A movement of bytes, running or just ended. */
export class TransferDto implements TransferInfo {
  @ApiProperty() id!: string;
  @ApiProperty({ enum: ['upload', 'download', 'replication', 'drain'] }) kind!: TransferKind;
  @ApiProperty({ enum: ['running', 'finished', 'failed', 'cancelled'] }) state!: TransferState;
  @ApiProperty({ type: String, nullable: true }) path!: string | null;
  @ApiProperty({ type: String, nullable: true }) contentId!: string | null;
  @ApiPropertyOptional({ description: 'Of a drain: the member that is removed.' }) peerId?: string;
  @ApiProperty({ type: Number, nullable: true }) bytes!: number | null;
  @ApiProperty(bytes) verifiedBytes!: number;
  @ApiProperty({ description: 'Bytes a second.' }) rate!: number;
  @ApiProperty({ type: [TransferSourceDto] }) sources!: TransferSourceDto[];
  @ApiProperty(timestamp) startedAt!: string;
  @ApiProperty({ type: String, nullable: true, ...timestamp }) finishedAt!: string | null;
  @ApiPropertyOptional() error?: TransferErrorDto;
}

/** Answer of `GET /transfers`, the running ones first. */
export class TransferListDto implements TransferList {
  @ApiProperty({ type: [TransferDto] }) items!: TransferDto[];
}

/** Limits of file contents; null means none. */
export class TransferLimitsDto implements TransferLimits {
  @ApiProperty({ ...bytes, nullable: true }) uploadBytesPerSecond!: number | null;
  @ApiProperty({ ...bytes, nullable: true }) downloadBytesPerSecond!: number | null;
}

/** Answer of `GET /settings`: those of this node, and those of the network. */
export class SettingsDto implements Settings {
  @ApiProperty() name!: string;
  @ApiProperty() networkName!: string;
  @ApiProperty(count) replicas!: number;
  @ApiProperty(bytes) quotaBytes!: number;
  @ApiProperty(count) graceSeconds!: number;
  @ApiProperty(count) retentionSeconds!: number;
  @ApiProperty(count) retainedVersions!: number;
  @ApiProperty(count) syncPeriodSeconds!: number;
  @ApiProperty() limits!: TransferLimitsDto;
}

/** Answer of `GET /events`. */
export class EventPageDto implements EventPage {
  @ApiProperty() stream!: string;
  @ApiProperty({ type: 'array', items: { type: 'object' }, description: 'As /api/asyncapi.json describes them.' })
  items!: AnyEvent[];
  @ApiProperty(count) lastSeq!: number;
  @ApiProperty({ description: 'Some of what was asked for is gone: read everything anew.' }) resync!: boolean;
}

/** One thing that health looks at. */
export class HealthCheckDto {
  @ApiProperty() name!: string;
  @ApiProperty() ok!: boolean;
  @ApiProperty() detail!: string;
}

/** Answer of `/health/live` and `/health/ready`. */
export class HealthDto implements Health {
  @ApiProperty({ enum: ['ok', 'degraded', 'unavailable'] }) status!: Health['status'];
  @ApiProperty({ type: [HealthCheckDto] }) checks!: HealthCheckDto[];
}
