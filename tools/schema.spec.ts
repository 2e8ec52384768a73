import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pageOf, schemaPage, tablesOf } from './lib/schema-page.mjs';

const root = join(import.meta.dirname, '..');

const entity = `
/** Doors of the house. */
@Entity({ name: 'door', withoutRowid: true })
@Index('door_open', ['openedAt', 'wall'], { where: 'opened_at > 0' })
@Check('width > 0')
export class DoorEntity {
  /** Number of the door. */
  @PrimaryColumn({ type: 'integer' })
  number!: number;

  /** When it was opened, | in ms. */
  @Column({ type: 'integer', name: 'opened_at', nullable: true, default: 0 })
  openedAt!: number | null;

  /** Where it is. */
  @Column({ type: 'blob', unique: true, transformer: hexColumn })
  @ForeignKey(() => DoorEntity, { onDelete: 'CASCADE' })
  wall!: string;
}`;
const page = (text: string): string => pageOf(tablesOf([{ path: 'libs/house/src/door.entity.ts', text }]));

describe('docs/schema.md', () => {
  it('is what the entities say: `node tools/schema.mjs` writes it anew', async () => {
    const written = readFileSync(join(root, 'docs/schema.md'), 'utf8');
    expect(written).toBe(await schemaPage(root));
    expect(written.match(/^### `/gm)?.length).toBeGreaterThan(40);
  });

  it('says of each table what it holds: columns, keys, indices and checks', () => {
    const text = page(entity);
    for (const line of [
      '## house',
      '### `door`',
      'Doors of the house. Without rowid.',
      '| `number` | INTEGER, key | Number of the door. |',
      '| `opened_at` | INTEGER or null, default 0 | When it was opened, \\| in ms. |',
      '| `wall` | BLOB | Where it is. Refers to `door`. |',
      '- Unique: `wall`',
      '- Index `door_open` over `opened_at`, `wall`, where `opened_at > 0`',
      '- Check: `width > 0`',
    ]) {
      expect(text.split('\n')).toContain(line);
    }
  });

  it.each([
    ['a table without a comment', entity.replace('/** Doors of the house. */', ''), 'DoorEntity has no comment'],
    ['a column without a comment', entity.replace('/** Where it is. */', ''), 'DoorEntity.wall has no comment'],
    ['an index of what is no column', entity.replace("'openedAt', 'wall'", "'height'"), 'has no column height'],
    ['what it does not understand', entity.replace("@Check('width > 0')", "@Tree('width')"), '@Tree is not understood'],
    ['what is computed', entity.replace("'width > 0'", "'width' + ' > 0'"), 'is not understood'],
  ])('is not made of %s', (_what, text, message) => {
    expect(() => page(text)).toThrow(message);
  });
});
