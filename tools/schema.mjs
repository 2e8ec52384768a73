/** Writes docs/schema.md anew, from the entities. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { schemaPage } from './lib/schema-page.mjs';

const root = join(import.meta.dirname, '..');
writeFileSync(join(root, 'docs/schema.md'), await schemaPage(root));
