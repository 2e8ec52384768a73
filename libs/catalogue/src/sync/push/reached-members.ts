import { memberMark, packMarks, unpackMarks } from '@dfs/protocol';

/** Members that have some records, or are being sent them, as far as is known. */
export class Reach {
  private constructor(private readonly marks: ReadonlySet<string>) {}

  static of(peerIds: readonly string[]): Reach {
    return new Reach(new Set(peerIds.map(memberMark)));
  }

  /** @throws DfsError `bad-request` */
  static unpack(packed: Uint8Array | null): Reach {
    return new Reach(new Set(unpackMarks(packed)));
  }

  get size(): number {
    return this.marks.size;
  }

  has(peerId: string): boolean {
    return this.marks.has(memberMark(peerId));
  }

  with(peerIds: readonly string[]): Reach {
    return new Reach(new Set([...this.marks, ...peerIds.map(memberMark)]));
  }

  /** Those that are in both: of records that travel together. */
  and(other: Reach): Reach {
    return new Reach(new Set([...this.marks].filter((mark) => other.marks.has(mark))));
  }

  pack(): Uint8Array | null {
    return packMarks([...this.marks]);
  }
}
