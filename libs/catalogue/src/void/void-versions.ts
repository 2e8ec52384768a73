import type { Reader } from '@dfs/database';
import type { Fingerprints } from '../store/fingerprints.js';
import { VOID_RECORDS } from '../store/record-source.js';
import { RecordSet } from '../store/record-set.js';
import { readVoidVersion, readVoidVersions, type VoidPage, type VoidQuery, type VoidVersion } from './void-list.js';

/** Versions that are void: written by members after the last record that their removal left valid. */
export class VoidVersions {
  /** Their records, as sync sees them: outside the set, and passed on for people to see. */
  readonly records: RecordSet;

  constructor(
    private readonly db: Reader,
    prints: Fingerprints,
    private readonly networkId: () => string,
  ) {
    this.records = new RecordSet(db, prints, VOID_RECORDS);
  }

  /** A page of them, newest first. @throws DfsError `invalid-cursor` */
  list(query: VoidQuery): Promise<VoidPage> {
    return readVoidVersions(this.db, this.networkId(), query);
  }

  /** One of them by its record id. */
  version(version: string): Promise<VoidVersion | undefined> {
    return readVoidVersion(this.db, this.networkId(), version);
  }
}
