import { ApiProperty, ApiPropertyOptional, ApiSchema } from '@nestjs/swagger';
import type { ErrorCode, SkippedPath, TransferInfo, TransferKind, TransferState } from '@dfs/contracts';
import { FIELD } from '../../describe/fields.dto.js';

/** A path that an act leaves as it is, and why. */
@ApiSchema({ name: 'SkippedPath' })
export class SkippedPathDto implements SkippedPath {
  @ApiProperty(FIELD.text) path!: string;
  @ApiProperty(FIELD.errorCode) code!: ErrorCode;
  @ApiProperty(FIELD.text) detail!: string;
}

/** How many bytes came from one peer. */
@ApiSchema({ name: 'TransferSource' })
export class TransferSourceDto {
  @ApiProperty(FIELD.text) peerId!: string;
  @ApiProperty(FIELD.bytes) bytes!: number;
}

/** Why a transfer failed, or waits. */
@ApiSchema({ name: 'TransferError' })
export class TransferErrorDto {
  @ApiProperty(FIELD.errorCode) code!: ErrorCode;
  @ApiProperty(FIELD.text) detail!: string;
}

/** How far an act over many files is. */
@ApiSchema({ name: 'TransferItems' })
export class TransferItemsDto {
  @ApiProperty(FIELD.count) done!: number;
  @ApiProperty(FIELD.count) total!: number;
  @ApiProperty({ type: [SkippedPathDto], description: 'Paths that stay as they are, the first 100.' })
  skipped!: SkippedPathDto[];
  @ApiProperty(FIELD.count) skippedTotal!: number;
}

/** A movement of bytes, or an act over many files, running or just ended. */
@ApiSchema({ name: 'TransferInfo' })
export class TransferDto implements TransferInfo {
  @ApiProperty(FIELD.text) id!: string;
  @ApiProperty({ enum: ['upload', 'download', 'replication', 'drain', 'act'] }) kind!: TransferKind;
  @ApiProperty({ enum: ['running', 'finished', 'failed', 'cancelled'] }) state!: TransferState;
  @ApiProperty({ ...FIELD.text, nullable: true }) path!: string | null;
  @ApiProperty({ ...FIELD.text, nullable: true }) contentId!: string | null;
  @ApiPropertyOptional({ ...FIELD.text, description: 'Of a drain: the member that is removed.' }) peerId?: string;
  @ApiProperty({ ...FIELD.number, nullable: true }) bytes!: number | null;
  @ApiProperty(FIELD.bytes) verifiedBytes!: number;
  @ApiProperty({ ...FIELD.number, description: 'Bytes a second.' }) rate!: number;
  @ApiProperty({ type: [TransferSourceDto] }) sources!: TransferSourceDto[];
  @ApiPropertyOptional({ type: TransferItemsDto, description: 'Of an act over many files.' }) items?: TransferItemsDto;
  @ApiProperty(FIELD.moment) startedAt!: string;
  @ApiProperty({ ...FIELD.moment, nullable: true }) finishedAt!: string | null;
  @ApiPropertyOptional({ type: TransferErrorDto, description: 'Why it failed; of one that is running, why it waits.' })
  error?: TransferErrorDto;
}
