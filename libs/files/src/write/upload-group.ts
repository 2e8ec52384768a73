import { storeChunk, type BlockBatch } from '@dfs/chunks';
import { DfsError, Turns } from '@dfs/runtime';
import type { FilesComponents } from '../ports.js';
import { commitUploads, draftOf, type Received, type Upload, type UploadOutcome } from './upload.js';

/** How the upload of one file ended. Others of the same request go on whatever it was. */
export type Settled = { done: UploadOutcome } | { error: unknown };
/** The place of a file among others: that of the later one counts where two have one path. */
export interface Place {
  index: number;
  /** Told of what became of the file. */
  settle(result: Settled): void;
}
/** A file small enough to wait in memory. */
export interface SmallFile {
  upload: Omit<Upload, 'stored'>;
  bytes: Uint8Array;
  place: Place;
}
interface Member {
  upload: Upload;
  place: Place;
  /** Its bytes alone are in it. */
  own?: BlockBatch;
}

/**
 * Files that are recorded in one unit of work. Their bytes are on disk when they are in it; it is committed or aborted, and
 * each of its files is told of that.
 */
export class UploadGroup {
  private members: Member[] = [];
  private readonly batches = new Set<BlockBatch>();

  constructor(private readonly components: FilesComponents) {}

  /** Stores small files by one batch; where there is no room for all of them, each by its own, as far as they fit. */
  async store(files: readonly SmallFile[]): Promise<void> {
    if (files.length === 0) return;
    try {
      await this.storeTogether(files);
    } catch (error) {
      if (files.length > 1 && isNoRoom(error)) for (const file of files) await this.store([file]);
      else for (const { place } of files) place.settle({ error });
    }
  }

  /** A file that came by a batch of its own. */
  add({ upload, batch, progress }: Received, place: Place): void {
    this.batches.add(batch);
    const settle = (result: Settled): void => {
      if ('done' in result) progress.finish(upload.stored.contentId);
      place.settle('done' in result ? result : { error: progress.fail(result.error) });
    };
    this.members.push({ upload, place: { index: place.index, settle }, own: batch });
  }

  /** All of it but what is refused for its own sake. @returns whether something was stored */
  async commit(): Promise<boolean> {
    try {
      return await this.commitMembers();
    } catch (error) {
      await this.abort(error);
      return false;
    }
  }

  /** Nothing of it is left. */
  async abort(error: unknown): Promise<void> {
    await this.drop(this.members, () => error);
    for (const batch of this.batches) await batch.abort();
  }

  private async storeTogether(files: readonly SmallFile[]): Promise<void> {
    const batch = this.components.chunks.batch('local');
    try {
      const members: Member[] = [];
      const turns = new Turns();
      for (const { upload, bytes, place } of files) {
        members.push({ upload: { ...upload, stored: await storeChunk(batch, bytes) }, place });
        if (turns.isDue) await turns.next();
      }
      await batch.flush();
      this.batches.add(batch);
      this.members.push(...members);
    } catch (error) {
      await batch.abort();
      throw error;
    }
  }

  private async commitMembers(): Promise<boolean> {
    while (this.members.length > 0) {
      const members = this.members.sort((a, b) => a.place.index - b.place.index);
      const uploads = members.map(({ upload }) => upload);
      try {
        const done = await commitUploads(this.components, [...this.batches], uploads);
        members.forEach(({ place }, at) => place.settle({ done: done[at] as UploadOutcome }));
        return true;
      } catch (error) {
        const refused = concernsOneFile(error) ? await this.refusals(uploads) : undefined;
        if (!refused?.size) throw error;
        const spoilt = members.filter(({ upload }) => refused.has(upload));
        await this.drop(spoilt, ({ upload }) => refused.get(upload));
      }
    }
    await this.abort(undefined);
    return false;
  }

  /** Which of them are refused when each is recorded by itself: found out by a unit of work that leaves nothing. */
  private async refusals(uploads: readonly Upload[]): Promise<Map<Upload, unknown>> {
    const { db, catalogue } = this.components;
    const refused = new Map<Upload, unknown>();
    const rehearsed = new Error('rehearsed');
    const rehearsal = db.write(async (tx) => {
      for (const upload of uploads) {
        try {
          await catalogue.commit(tx, [draftOf(upload)]);
        } catch (error) {
          if (!concernsOneFile(error)) throw error;
          refused.set(upload, error);
        }
      }
      throw rehearsed;
    });
    await rehearsal.catch((error: unknown) => {
      if (error !== rehearsed) throw error;
    });
    return refused;
  }

  private async drop(members: readonly Member[], errorOf: (member: Member) => unknown): Promise<void> {
    this.members = this.members.filter((member) => !members.includes(member));
    for (const member of members) {
      member.place.settle({ error: errorOf(member) });
      if (!member.own) continue;
      this.batches.delete(member.own);
      await member.own.abort();
    }
  }
}

function concernsOneFile(error: unknown): boolean {
  return error instanceof DfsError && (error.status === 409 || error.status === 412 || error.status === 400);
}

function isNoRoom(error: unknown): boolean {
  return error instanceof DfsError && error.status === 507;
}
