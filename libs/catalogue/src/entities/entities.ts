import type { EntityClass } from '@dfs/database';
import { FileEntity, FolderEntity, TotalEntity } from './paths.entity.js';
import { AuthorEntity, ForkEntity, ParentEntity, RecordEntity } from './records.entity.js';
import { ConcludedEntity, PurgedEntity, RunningEntity } from './retention.entity.js';
import { FingerprintEntity, ImportEntity, VoidFingerprintEntity, WaitingEntity } from './sync.entity.js';
import { AdoptedEntity, VoidEntity } from './void.entity.js';

/** Entities of the tables `catalogue_*`. */
export const catalogueEntities: EntityClass[] = [
  AuthorEntity,
  RecordEntity,
  ParentEntity,
  ForkEntity,
  FileEntity,
  FolderEntity,
  TotalEntity,
  FingerprintEntity,
  VoidEntity,
  VoidFingerprintEntity,
  AdoptedEntity,
  WaitingEntity,
  ImportEntity,
  RunningEntity,
  PurgedEntity,
  ConcludedEntity,
];
