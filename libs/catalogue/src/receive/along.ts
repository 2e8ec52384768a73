import { cidOf, parseRecord, type Cid, type RecordFields, type SignedRecord } from '@dfs/protocol';
import { DfsError } from '@dfs/runtime';
import type { SmallContent, SmallContents, TakenContents } from '../ports.js';
import type { VerifiedRecord } from './screen.js';

/** Small contents that came with records of their author, and are told apart by their hashes alone. */
export class Along {
  /** Those that no record has asked for yet. */
  private readonly left: Map<Cid, Uint8Array>;

  /** @param from the member that sent them, and wrote the records */
  constructor(
    private readonly small: SmallContents,
    contents: readonly Uint8Array[],
    private readonly from: string,
  ) {
    this.left = new Map(contents.map((bytes) => [cidOf(bytes), bytes]));
  }

  /** Puts on disk those that these records name: valid ones, which count. */
  async take(records: readonly VerifiedRecord[]): Promise<TakenContents | undefined> {
    const named = records.flatMap(({ fields }): SmallContent[] => {
      const bytes = fields && this.namedBy(fields);
      if (!bytes) return [];
      this.left.delete(fields.content!);
      return [{ contentId: fields.content!, bytes, author: fields.author }];
    });
    return named.length === 0 ? undefined : this.small.take(named);
  }

  /**
   * Of those that were not taken, some may belong to records that are known already, or do not count; for any other nobody
   * has a reason to send it.
   * @throws DfsError `peer-misbehaved`
   */
  refuseUnnamed(records: readonly SignedRecord[]): void {
    if (this.left.size === 0) return;
    for (const { body } of records) {
      const fields = fieldsOf(body);
      if (fields && this.namedBy(fields)) this.left.delete(fields.content!);
    }
    if (this.left.size === 0) return;
    throw new DfsError('peer-misbehaved', 'A member sent contents that none of its records beside them names.');
  }

  private namedBy({ content, size, author }: RecordFields): Uint8Array | undefined {
    const bytes = content === null || author !== this.from ? undefined : this.left.get(content);
    return bytes?.length === size ? bytes : undefined;
  }
}

function fieldsOf(body: Uint8Array): RecordFields | null {
  try {
    return parseRecord(body).fields;
  } catch {
    return null;
  }
}
