import type { MigrationClass } from '@dfs/database';
import { CatalogueBaseline1796000000000 } from './baseline.js';

/** Tables `catalogue_*`. */
export const catalogueMigrations: MigrationClass[] = [CatalogueBaseline1796000000000];
