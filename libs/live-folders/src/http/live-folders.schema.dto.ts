import { ApiProperty, ApiPropertyOptional, ApiSchema } from '@nestjs/swagger';
import type {
  LiveFolderCount,
  LiveFolderEstimate,
  LiveFolderHold,
  LiveFolderHoldList,
  LiveFolderInfo,
  LiveFolderIssue,
  LiveFolderIssueKind,
  LiveFolderIssuePage,
  LiveFolderList,
  LiveFolderMode,
  LiveFolderReason,
  LiveFolderRoots,
  LiveFolderSettled,
  LiveFolderState,
  LiveFolderTrashEntry,
  LiveFolderTrashPage,
  RestoredFromTrash,
} from '@dfs/contracts';
import { FIELD } from '@dfs/files';
import { MODES } from './live-folders.dto.js';

// Answers, as the API document describes them. The compiler holds each list of words against its type in both directions.

const STATES = Object.keys({
  scanning: 0,
  'up-to-date': 0,
  syncing: 0,
  paused: 0,
  held: 0,
  error: 0,
} satisfies Record<LiveFolderState, 0>);
const REASONS = Object.keys({
  asked: 0,
  'marker-missing': 0,
  'marker-other': 0,
  'root-changed': 0,
  'old-copy': 0,
  'prefix-gone': 0,
  'not-synced': 0,
  'read-only-member': 0,
  'rules-unreadable': 0,
  'root-missing': 0,
  'disk-error': 0,
  'disk-hung': 0,
  'no-room': 0,
  refused: 0,
} satisfies Record<LiveFolderReason, 0>);
const KINDS = Object.keys({
  hidden: 0,
  'being-written': 0,
  'local-change': 0,
  'remote-change': 0,
  'deleted-elsewhere': 0,
  'no-room': 0,
  unreadable: 0,
  unavailable: 0,
  'written-on': 0,
} satisfies Record<LiveFolderIssueKind, 0>);
const texts = { type: 'string', isArray: true } as const;
const textOrNone = { ...FIELD.text, nullable: true } as const;

/** Files and bytes. */
@ApiSchema({ name: 'LiveFolderCount' })
export class LiveFolderCountDto implements LiveFolderCount {
  @ApiProperty(FIELD.count) files!: number;
  @ApiProperty(FIELD.bytes) bytes!: number;
}

/** A live folder of this node. */
@ApiSchema({ name: 'LiveFolderInfo' })
export class LiveFolderDto implements LiveFolderInfo {
  @ApiProperty(FIELD.text) id!: string;
  @ApiProperty(FIELD.text) name!: string;
  @ApiProperty({ ...FIELD.text, description: 'The directory on the disk of this node.' }) root!: string;
  @ApiProperty({ ...FIELD.text, description: 'The folder of the network, without a slash; empty for all of it.' })
  prefix!: string;
  @ApiProperty({ enum: MODES, enumName: 'LiveFolderMode' }) mode!: LiveFolderMode;
  @ApiProperty({ ...texts, description: 'Lines as in a .gitignore.' }) ignore!: string[];
  @ApiProperty(FIELD.flag) paused!: boolean;
  @ApiProperty({
    ...FIELD.moment,
    nullable: true,
    description: 'When a pause for a time ends; null for one without an end.',
  })
  pausedUntil!: string | null;
  @ApiProperty({ enum: STATES, enumName: 'LiveFolderState' }) state!: LiveFolderState;
  @ApiProperty({ type: 'string', enum: [...REASONS, null], nullable: true, description: 'Null while it is well.' })
  reason!: LiveFolderReason | null;
  @ApiProperty({ ...textOrNone, description: 'The reason in a sentence that says what to do.' })
  detail!: string | null;
  @ApiProperty({ ...FIELD.count, description: 'Files that disk and network last agreed on.' }) files!: number;
  @ApiProperty(FIELD.bytes) bytes!: number;
  @ApiProperty({ type: LiveFolderCountDto, description: 'To the disk, since this process began.' })
  in!: LiveFolderCountDto;
  @ApiProperty({ type: LiveFolderCountDto, description: 'From the disk, since this process began.' })
  out!: LiveFolderCountDto;
  @ApiProperty({ ...FIELD.count, description: 'Deletions that wait for an answer.' }) held!: number;
  @ApiProperty(FIELD.count) issues!: number;
  @ApiProperty({ ...FIELD.moment, nullable: true }) lastPassAt!: string | null;
  @ApiProperty(FIELD.moment) boundAt!: string;
  @ApiPropertyOptional({
    ...textOrNone,
    description: 'Of one whose prefix is gone: where its files went, if records say so.',
  })
  movedTo?: string | null;
}

/** All live folders of this node. */
@ApiSchema({ name: 'LiveFolderList' })
export class LiveFolderListDto implements LiveFolderList {
  @ApiProperty({ type: [LiveFolderDto] }) items!: LiveFolderDto[];
}

/** Deletions that wait for one answer. */
@ApiSchema({ name: 'LiveFolderHold' })
export class HoldDto implements LiveFolderHold {
  @ApiProperty(FIELD.text) id!: string;
  @ApiProperty(FIELD.moment) heldAt!: string;
  @ApiProperty(FIELD.count) count!: number;
  @ApiProperty({ ...texts, description: 'The first 1,000 names in the network.' }) paths!: string[];
}

/** All of them in one folder. */
@ApiSchema({ name: 'LiveFolderHoldList' })
export class HoldListDto implements LiveFolderHoldList {
  @ApiProperty({ type: [HoldDto] }) items!: HoldDto[];
}

/** Something in a folder that a person should know of. */
@ApiSchema({ name: 'LiveFolderIssue' })
export class IssueDto implements LiveFolderIssue {
  @ApiProperty({ enum: KINDS, enumName: 'LiveFolderIssueKind' }) kind!: LiveFolderIssueKind;
  @ApiProperty({ ...FIELD.text, description: 'Below the root, as people read it.' }) path!: string;
  @ApiProperty(FIELD.text) detail!: string;
  @ApiProperty(FIELD.moment) since!: string;
}

/** A page of them. */
@ApiSchema({ name: 'LiveFolderIssuePage' })
export class IssuePageDto implements LiveFolderIssuePage {
  @ApiProperty({ type: [IssueDto] }) items!: IssueDto[];
  @ApiProperty(textOrNone) nextCursor!: string | null;
}

/** A file in the trash of a folder. */
@ApiSchema({ name: 'LiveFolderTrashEntry' })
export class TrashEntryDto implements LiveFolderTrashEntry {
  @ApiProperty(FIELD.text) id!: string;
  @ApiProperty({
    ...textOrNone,
    description: 'Below the root; null where a crash left a file whose name nobody knows.',
  })
  path!: string | null;
  @ApiProperty({ ...FIELD.text, description: 'Why it went there.' }) reason!: string;
  @ApiProperty({ ...textOrNone, description: 'Where its bytes are those of a version.' }) contentId!: string | null;
  @ApiProperty(FIELD.bytes) size!: number;
  @ApiProperty(FIELD.moment) at!: string;
}

/** A page of the trash. */
@ApiSchema({ name: 'LiveFolderTrashPage' })
export class TrashPageDto implements LiveFolderTrashPage {
  @ApiProperty({ type: [TrashEntryDto] }) items!: TrashEntryDto[];
  @ApiProperty(textOrNone) nextCursor!: string | null;
}

/** Where a file from the trash stands now. */
@ApiSchema({ name: 'RestoredFromTrash' })
export class RestoredDto implements RestoredFromTrash {
  @ApiProperty({ ...FIELD.text, description: 'Below the root.' }) path!: string;
}

/** How many paths an act has taken up. */
@ApiSchema({ name: 'LiveFolderSettled' })
export class SettledDto implements LiveFolderSettled {
  @ApiProperty(FIELD.count) count!: number;
}

/** Files that rules leave out. */
@ApiSchema({ name: 'LiveFolderIgnored' })
export class IgnoredDto implements Pick<LiveFolderEstimate['ignored'], 'files' | 'bytes' | 'examples'> {
  @ApiProperty(FIELD.count) files!: number;
  @ApiProperty(FIELD.bytes) bytes!: number;
  @ApiProperty(texts) examples!: string[];
}

/** Estimate of a binding. */
@ApiSchema({ name: 'LiveFolderEstimate' })
export class EstimateDto implements LiveFolderEstimate {
  @ApiProperty(FIELD.count) files!: number;
  @ApiProperty(FIELD.bytes) bytes!: number;
  @ApiProperty(FIELD.count) directories!: number;
  @ApiProperty({ ...FIELD.bytes, description: 'Bytes that this node stores beside the folder, at most.' })
  diskCost!: number;
  @ApiProperty({ ...FIELD.count, description: 'Links, sockets, pipes and devices, which are left alone.' })
  others!: number;
  @ApiProperty({ type: IgnoredDto }) ignored!: IgnoredDto;
  @ApiProperty({ ...texts, description: 'Directories that could not be listed.' }) unknown!: string[];
  @ApiProperty({ type: LiveFolderCountDto, description: 'Files that the prefix has in the network.' })
  network!: LiveFolderCountDto;
}

/** Directories in which a folder may be bound. */
@ApiSchema({ name: 'LiveFolderRoots' })
export class RootsDto implements LiveFolderRoots {
  @ApiProperty({ ...textOrNone, description: 'Null for the list of allowed roots.' }) path!: string | null;
  @ApiProperty(texts) directories!: string[];
}
