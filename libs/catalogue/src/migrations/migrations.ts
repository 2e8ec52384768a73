import type { MigrationClass } from '@dfs/database';
import { CatalogueActs1799000400000 } from './acts.js';
import { CatalogueBaseline1796000000000 } from './baseline.js';
import { CatalogueFileType1799000300000 } from './file-type.js';

/** Tables `catalogue_*`. */
export const catalogueMigrations: MigrationClass[] = [
  CatalogueBaseline1796000000000,
  CatalogueFileType1799000300000,
  CatalogueActs1799000400000,
];
