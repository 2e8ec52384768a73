import type { EntityClass, MigrationClass } from '@dfs/database';
import { ActEntity, ActItemEntity } from './acts/acts.entity.js';
import { FilesActs1799000200000, FilesActsKey1799000400000 } from './acts/schema.js';
import { UploadBlockEntity, UploadInPartsEntity, UploadPartEntity } from './write/parts/parts.entity.js';
import { FilesUploads1799000800000 } from './write/parts/schema.js';

/** Tables of acts over many files, and of uploads that come in parts. */
export const filesMigrations: MigrationClass[] = [
  FilesActs1799000200000,
  FilesActsKey1799000400000,
  FilesUploads1799000800000,
];

/** Entities of these tables. */
export const filesEntities: EntityClass[] = [
  ActEntity,
  ActItemEntity,
  UploadInPartsEntity,
  UploadPartEntity,
  UploadBlockEntity,
];
