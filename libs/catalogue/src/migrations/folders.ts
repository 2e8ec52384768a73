import type { MigrationClass } from '@dfs/database';
import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Up to and with its last slash: the folder that a path lies in; empty at the top. */
const folderOf = (path: string): string => `rtrim(${path}, replace(${path}, '/', ''))`;

/** Each folder with each current file beneath it, at any depth. */
const BENEATH = `WITH RECURSIVE beneath(folder, own, size, modified) AS (
    SELECT ${folderOf('path')}, 1, size, modified FROM catalogue_file WHERE state = 1
    UNION ALL
    SELECT ${folderOf('substr(folder, 1, length(folder) - 1)')}, 0, size, modified FROM beneath WHERE folder <> ''
  )`;

/**
 * Folders as they follow from the paths, for the migration and for a recount: `folder`, `files`, `bytes`, `newest` and
 * `own` files directly in it.
 */
export const DERIVED_FOLDERS = `${BENEATH}
  SELECT folder, count(*) AS files, sum(size) AS bytes, max(modified) AS newest, sum(own) AS own FROM beneath GROUP BY folder`;

class CatalogueFolders1764400000000 implements MigrationInterface {
  name = 'CatalogueFolders1764400000000';

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of STATEMENTS) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE catalogue_folder');
  }
}

const STATEMENTS = [
  // path: with its slash at the end, empty for the top. parent: the same of the folder above, null for the top. files,
  // bytes, newest (ms): of all current files beneath it; own: files directly in it; folders: folders directly in it.
  // made: a folder record says so, so that it stays when it is empty.
  `CREATE TABLE catalogue_folder (
    path TEXT PRIMARY KEY,
    parent TEXT,
    files INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    newest INTEGER NOT NULL,
    own INTEGER NOT NULL,
    folders INTEGER NOT NULL,
    made INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID`,
  `INSERT INTO catalogue_folder
     SELECT folder, CASE folder WHEN '' THEN NULL ELSE ${folderOf('substr(folder, 1, length(folder) - 1)')} END,
       files, bytes, newest, own, 0, 0 FROM (${DERIVED_FOLDERS})`,
  `INSERT OR IGNORE INTO catalogue_folder VALUES ('', NULL, 0, 0, 0, 0, 0, 0)`,
  `WITH RECURSIVE above(folder, made) AS (
     SELECT path || '/', 1 FROM catalogue_file WHERE state = 3
     UNION SELECT ${folderOf('substr(folder, 1, length(folder) - 1)')}, 0 FROM above WHERE folder <> ''
   )
   INSERT INTO catalogue_folder
     SELECT folder, ${folderOf('substr(folder, 1, length(folder) - 1)')}, 0, 0, 0, 0, 0, max(made) FROM above
     WHERE folder <> '' GROUP BY folder
     ON CONFLICT (path) DO UPDATE SET made = max(made, excluded.made)`,
  `CREATE INDEX catalogue_folder_parent ON catalogue_folder (parent, path)`,
  `UPDATE catalogue_folder SET folders = (SELECT count(*) FROM catalogue_folder c WHERE c.parent = catalogue_folder.path)`,
];

/** The folders that follow from the paths, with their counts. */
export const folderMigrations: MigrationClass[] = [CatalogueFolders1764400000000];
