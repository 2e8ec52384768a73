import { ApiProperty, ApiPropertyOptional, ApiSchema } from '@nestjs/swagger';
import type {
  FileSum,
  LocalState,
  Reach,
  ReplicationState,
  Summary,
  SummaryProblem,
  SummaryStorage,
} from '@dfs/contracts';
import { FIELD } from '@dfs/files';

// The shapes of the summary, for the API document alone. Each implements its contract, so that neither can drift.

/** Some files, and their bytes. */
@ApiSchema({ name: 'FileSum' })
export class FileSumDto implements FileSum {
  @ApiProperty(FIELD.count) files!: number;
  @ApiProperty(FIELD.bytes) bytes!: number;
}

/** Files by state. */
@ApiSchema({ name: 'SumsByState' })
export class SumsByStateDto implements Record<ReplicationState, FileSum> {
  @ApiProperty({ type: FileSumDto }) unavailable!: FileSumDto;
  @ApiProperty({ type: FileSumDto }) 'at-risk'!: FileSumDto;
  @ApiProperty({ type: FileSumDto }) limited!: FileSumDto;
  @ApiProperty({ type: FileSumDto }) pending!: FileSumDto;
  @ApiProperty({ type: FileSumDto }) replicating!: FileSumDto;
  @ApiProperty({ type: FileSumDto }) safe!: FileSumDto;
}

/** Files by whether the copies that can be had now reach the target. */
@ApiSchema({ name: 'SumsByReach' })
export class SumsByReachDto implements Record<Reach, FileSum> {
  @ApiProperty({ type: FileSumDto }) none!: FileSumDto;
  @ApiProperty({ type: FileSumDto }) fewer!: FileSumDto;
  @ApiProperty({ type: FileSumDto }) enough!: FileSumDto;
}

/** Files by how much of each this node keeps. */
@ApiSchema({ name: 'SumsByLocal' })
export class SumsByLocalDto implements Record<LocalState, FileSum> {
  @ApiProperty({ type: FileSumDto }) whole!: FileSumDto;
  @ApiProperty({ type: FileSumDto }) part!: FileSumDto;
  @ApiProperty({ type: FileSumDto }) none!: FileSumDto;
}

/** The content of this node's store, by reason. */
@ApiSchema({ name: 'SummaryStorage' })
export class SummaryStorageDto implements SummaryStorage {
  @ApiProperty({ ...FIELD.bytes, description: 'Kept here whole, of current files that were written by this node.' })
  ownBytes!: number;
  @ApiProperty({ ...FIELD.bytes, description: 'Kept here whole, of current files of others.' }) othersBytes!: number;
  @ApiProperty({ ...FIELD.bytes, description: 'Kept here of deleted files and of earlier versions.' })
  pastBytes!: number;
  @ApiProperty({ ...FIELD.bytes, description: 'The rest of usedBytes: dropped when room is needed.' })
  cacheBytes!: number;
  @ApiProperty(FIELD.bytes) usedBytes!: number;
  @ApiProperty(FIELD.bytes) quotaBytes!: number;
  @ApiProperty({ ...FIELD.bytes, description: 'Of the file system.' }) freeBytes!: number;
}

/** Something that a person should know, or do something about. */
@ApiSchema({ name: 'SummaryProblem' })
export class SummaryProblemDto implements SummaryProblem {
  @ApiProperty({
    ...FIELD.text,
    example: 'few-members',
    description:
      'unavailable, at-risk, out-of-reach, few-members, no-space and conflicts are of files; any other is the name of a check of health that fails.',
  })
  code!: string;
  @ApiProperty({ enum: ['bad', 'warn'], description: 'bad: files cannot be had, or may be lost.' })
  severity!: SummaryProblem['severity'];
  @ApiProperty({ ...FIELD.text, description: 'The problem, in a sentence for a person.' }) detail!: string;
  @ApiPropertyOptional({ ...FIELD.text, description: 'Advice for a person; left out where detail gives it.' })
  action?: string;
  @ApiPropertyOptional({ type: FileSumDto, description: 'Of a problem of files: these.' }) files?: FileSumDto;
}

/** Answer of `GET /summary`. */
@ApiSchema({ name: 'Summary' })
export class SummaryDto implements Summary {
  @ApiProperty({ ...FIELD.moment, description: 'All that had happened until then is in it.' }) asOf!: string;
  @ApiProperty({ ...FIELD.count, description: 'Copies wanted of everything.' }) target!: number;
  @ApiProperty({ type: FileSumDto, description: 'All current files.' }) files!: FileSumDto;
  @ApiProperty({ type: SumsByStateDto, description: 'By what members promise that are within grace, away or not.' })
  promised!: SumsByStateDto;
  @ApiProperty({ type: SumsByReachDto, description: 'By what can be had now, from members that are connected.' })
  reachable!: SumsByReachDto;
  @ApiProperty({ type: SumsByLocalDto }) local!: SumsByLocalDto;
  @ApiProperty({ ...FIELD.count, description: 'Files of which several versions wait for a choice.' })
  conflicts!: number;
  @ApiPropertyOptional({ type: SummaryStorageDto, description: 'Left out for a key with a prefix.' })
  storage?: SummaryStorageDto;
  @ApiProperty({ type: [SummaryProblemDto], description: 'Those that are worst first.' })
  problems!: SummaryProblemDto[];
}
