import { ApiProperty, ApiPropertyOptional, ApiSchema } from '@nestjs/swagger';
import {
  WEEKDAYS,
  type AnyEvent,
  type DhtInfo,
  type EventPage,
  type Health,
  type InviteInfo,
  type MemberRole,
  type NetworkInfo,
  type NodeInfo,
  type OwnerVotes,
  type PeerInfo,
  type PeerList,
  type PeerState,
  type ProviderList,
  type ReturnTicketInfo,
  type ScheduledLimits,
  type Settings,
  type StorageInfo,
  type TransferLimits,
  type TransferList,
  type Weekday,
} from '@dfs/contracts';
import { FIELD, TransferDto } from '@dfs/files';

// The shapes of answers, for the API document alone. Each implements its contract, so that neither can drift.

const role = { enum: ['owner', 'member', 'storage'] };

/** The storage of a node and its limits. */
@ApiSchema({ name: 'StorageInfo' })
export class StorageDto implements StorageInfo {
  @ApiProperty(FIELD.count) chunks!: number;
  @ApiProperty(FIELD.bytes) bytes!: number;
  @ApiProperty(FIELD.bytes) quotaBytes!: number;
  @ApiProperty(FIELD.bytes) freeBytes!: number;
  @ApiPropertyOptional({
    ...FIELD.bytes,
    description: 'Snapshots and journal of the database, beside `bytes`; told by a node of itself alone.',
  })
  backupBytes?: number;
  @ApiPropertyOptional({
    ...FIELD.bytes,
    description: 'Of contents kept here, those of deleted files, by their sizes; told by a node of itself alone.',
  })
  deletedBytes?: number;
  @ApiPropertyOptional({
    ...FIELD.bytes,
    description: 'The same of earlier versions of files that are there.',
  })
  pastVersionBytes?: number;
}

/** The network of this node. */
@ApiSchema({ name: 'NetworkInfo' })
export class NetworkDto implements NetworkInfo {
  @ApiProperty(FIELD.text) id!: string;
  @ApiProperty(FIELD.text) name!: string;
  @ApiProperty(FIELD.count) members!: number;
  @ApiProperty(role) role!: MemberRole;
  @ApiPropertyOptional({
    ...FIELD.flag,
    description: 'This node was removed from the network, and exchanges nothing any more.',
  })
  removed?: boolean;
  @ApiPropertyOptional({
    ...FIELD.flag,
    description: 'This node lost its database, and asks its members for membership and catalogue.',
  })
  returning?: boolean;
}

/** Answer of `POST /network/owners`: how many members want this owner. */
@ApiSchema({ name: 'OwnerVotes' })
export class OwnerVotesDto implements OwnerVotes {
  @ApiProperty(FIELD.text) peerId!: string;
  @ApiProperty({ ...FIELD.flag, description: 'It is an owner now.' }) owner!: boolean;
  @ApiProperty({ ...FIELD.count, description: 'Connected members that have asked for it, this one included.' })
  votes!: number;
  @ApiProperty({ ...FIELD.count, description: 'As many as it takes where no owner does it alone.' }) needed!: number;
}

/** Current files and the sum of their sizes. */
@ApiSchema({ name: 'FileTotals' })
export class FileTotalsDto {
  @ApiProperty(FIELD.count) count!: number;
  @ApiProperty(FIELD.bytes) bytes!: number;
}

/** Answer of `GET /node`. */
@ApiSchema({ name: 'NodeInfo' })
export class NodeDto implements NodeInfo {
  @ApiProperty(FIELD.text) peerId!: string;
  @ApiProperty(FIELD.text) name!: string;
  @ApiProperty(FIELD.text) version!: string;
  @ApiProperty(FIELD.moment) startedAt!: string;
  @ApiProperty(FIELD.count) uptimeSeconds!: number;
  @ApiProperty({ type: [String], description: 'Multiaddrs this node can be dialled at.' }) addresses!: string[];
  @ApiProperty({ type: NetworkDto }) network!: NetworkDto;
  @ApiProperty({ type: StorageDto }) storage!: StorageDto;
  @ApiProperty({ type: FileTotalsDto }) files!: FileTotalsDto;
}

/** How fast file contents move to and from a member, over the last seconds. */
@ApiSchema({ name: 'Rates' })
export class RatesDto {
  @ApiProperty({ ...FIELD.number, description: 'Bytes a second.' }) receive!: number;
  @ApiProperty({ ...FIELD.number, description: 'Bytes a second.' }) send!: number;
}

/** A member as this node sees it. */
@ApiSchema({ name: 'PeerInfo' })
export class PeerDto implements PeerInfo {
  @ApiProperty(FIELD.text) peerId!: string;
  @ApiProperty(FIELD.text) name!: string;
  @ApiProperty(role) role!: MemberRole;
  @ApiProperty({ enum: ['self', 'connected', 'connecting', 'disconnected'] }) state!: PeerState;
  @ApiProperty({ type: [String] }) addresses!: string[];
  @ApiProperty({ ...FIELD.number, nullable: true }) latencyMs!: number | null;
  @ApiProperty({ ...FIELD.moment, nullable: true }) lastSeenAt!: string | null;
  @ApiProperty({ ...FIELD.number, nullable: true }) uptimeSeconds!: number | null;
  @ApiProperty({ type: StorageDto, nullable: true }) storage!: StorageDto | null;
  @ApiProperty({ type: RatesDto }) rates!: RatesDto;
}

/** Answer of `GET /peers`, this node included. */
@ApiSchema({ name: 'PeerList' })
export class PeerListDto implements PeerList {
  @ApiProperty({ type: [PeerDto] }) items!: PeerDto[];
}

/** Answer of `POST /network/invites`. */
@ApiSchema({ name: 'InviteInfo' })
export class InviteDto implements InviteInfo {
  @ApiProperty({ ...FIELD.text, description: 'To be handed to the newcomer, and to nobody else.' }) ticket!: string;
  @ApiProperty(FIELD.moment) expiresAt!: string;
  @ApiProperty(role) role!: MemberRole;
}

/** Answer of `POST /network/return-tickets`. */
@ApiSchema({ name: 'ReturnTicketInfo' })
export class ReturnTicketDto implements ReturnTicketInfo {
  @ApiProperty({ ...FIELD.text, description: 'For that member alone: no secret, and it admits nobody.' })
  ticket!: string;
  @ApiProperty({ ...FIELD.text, description: 'The member it is for.' }) peerId!: string;
}

/** How providing stands. `lagSeconds` is how late the most overdue content is. */
@ApiSchema({ name: 'Provide' })
export class ProvideDto {
  @ApiProperty(FIELD.count) queued!: number;
  @ApiProperty(FIELD.count) provided!: number;
  @ApiProperty(FIELD.count) failed!: number;
  @ApiProperty(FIELD.number) lagSeconds!: number;
}

/** Answer of `GET /dht`. */
@ApiSchema({ name: 'DhtInfo' })
export class DhtDto implements DhtInfo {
  @ApiProperty(FIELD.flag) enabled!: boolean;
  @ApiProperty({ enum: ['server', 'client'] }) mode!: 'server' | 'client';
  @ApiProperty(FIELD.count) routingTableSize!: number;
  @ApiProperty({ type: ProvideDto }) provide!: ProvideDto;
}

/** A member that the DHT names as a holder; `name` is null for one that this node does not know. */
@ApiSchema({ name: 'Provider' })
export class ProviderDto {
  @ApiProperty(FIELD.text) peerId!: string;
  @ApiProperty({ ...FIELD.text, nullable: true }) name!: string | null;
  @ApiProperty({ type: [String] }) addresses!: string[];
}

/** Answer of `GET /dht/providers/{contentId}`: hints, which nobody has checked. */
@ApiSchema({ name: 'ProviderList' })
export class ProviderListDto implements ProviderList {
  @ApiProperty(FIELD.text) contentId!: string;
  @ApiProperty({ type: [ProviderDto] }) providers!: ProviderDto[];
}

/** Answer of `GET /transfers`, the running ones first. */
@ApiSchema({ name: 'TransferList' })
export class TransferListDto implements TransferList {
  @ApiProperty({ type: [TransferDto] }) items!: TransferDto[];
}

/** Limits of file contents; null means none. */
@ApiSchema({ name: 'TransferLimits' })
export class TransferLimitsDto implements TransferLimits {
  @ApiProperty({ ...FIELD.bytes, nullable: true }) uploadBytesPerSecond!: number | null;
  @ApiProperty({ ...FIELD.bytes, nullable: true }) downloadBytesPerSecond!: number | null;
}

/** Limits of file contents at some times of the week. */
@ApiSchema({ name: 'ScheduledLimits' })
export class ScheduledLimitsDto extends TransferLimitsDto implements ScheduledLimits {
  @ApiProperty({ type: 'string', enum: WEEKDAYS, isArray: true }) days!: Weekday[];
  @ApiProperty(FIELD.text) from!: string;
  @ApiProperty(FIELD.text) to!: string;
}

/** Answer of `GET /settings`: those of this node, and those of the network. */
@ApiSchema({ name: 'Settings' })
export class SettingsDto implements Settings {
  @ApiProperty(FIELD.text) name!: string;
  @ApiProperty(FIELD.text) networkName!: string;
  @ApiProperty(FIELD.count) replicas!: number;
  @ApiProperty(FIELD.bytes) quotaBytes!: number;
  @ApiProperty(FIELD.count) graceSeconds!: number;
  @ApiProperty(FIELD.count) retentionSeconds!: number;
  @ApiProperty(FIELD.count) retainedVersions!: number;
  @ApiProperty(FIELD.count) syncPeriodSeconds!: number;
  @ApiProperty({ type: TransferLimitsDto }) limits!: TransferLimitsDto;
  @ApiProperty({
    type: [ScheduledLimitsDto],
    description: 'Of those that cover a moment the first one holds, and `limits` where none does.',
  })
  limitSchedule!: ScheduledLimitsDto[];
  @ApiProperty({ type: TransferLimitsDto, description: 'Those that hold now.' }) limitsNow!: TransferLimitsDto;
  @ApiProperty({ ...FIELD.text, description: 'Of the node, by which the schedule goes: `Europe/Berlin`.' })
  timeZone!: string;
}

/** Answer of `GET /events`. */
@ApiSchema({ name: 'EventPage' })
export class EventPageDto implements EventPage {
  @ApiProperty(FIELD.text) stream!: string;
  @ApiProperty({
    type: 'array',
    items: { $ref: '#/components/schemas/AnyEvent' },
    description: 'Oldest first.',
  })
  items!: AnyEvent[];
  @ApiProperty(FIELD.count) lastSeq!: number;
  @ApiProperty({ ...FIELD.flag, description: 'Some of what was asked for is gone: read everything anew.' })
  resync!: boolean;
}

/** One thing that health looks at. */
@ApiSchema({ name: 'HealthCheck' })
export class HealthCheckDto {
  @ApiProperty(FIELD.text) name!: string;
  @ApiProperty(FIELD.flag) ok!: boolean;
  @ApiProperty(FIELD.text) detail!: string;
}

/** Answer of `/health/live` and `/health/ready`. */
@ApiSchema({ name: 'Health' })
export class HealthDto implements Health {
  @ApiProperty({ enum: ['ok', 'degraded', 'unavailable'] }) status!: Health['status'];
  @ApiProperty({ type: [HealthCheckDto] }) checks!: HealthCheckDto[];
}
