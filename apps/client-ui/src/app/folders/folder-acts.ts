import { Service, inject } from '@angular/core';
import { LiveFoldersApi, toApiProblem } from '@dfs/client-data';
import type { AnswerHold, LiveFolderHold, LiveFolderInfo, LiveFolderTrashEntry } from '@dfs/contracts';
import { firstValueFrom, type Observable } from 'rxjs';
import { ConfirmDialog, type Question } from '../kit/confirm-dialog.js';
import { Dialogs } from '../kit/dialogs.js';
import { visibleName } from '../kit/names.js';
import { counted, formatBytes } from '../kit/sizes.js';
import { Toasts } from '../kit/toasts.js';
import { FoldersState } from './folders-state.js';

/** Names told in a question. */
const NAMED = 100;

/** Acts on a live folder: asked for where they cannot be taken back, told of, and followed by a new reading. */
@Service()
export class FolderActs {
  readonly #api = inject(LiveFoldersApi);
  readonly #dialogs = inject(Dialogs);
  readonly #toasts = inject(Toasts);
  readonly #state = inject(FoldersState);

  async pause({ id, name }: LiveFolderInfo, paused: boolean): Promise<void> {
    const text = `${visibleName(name)} ${paused ? 'pauses: neither side is touched' : 'goes on'}.`;
    await this.#run(this.#api.patch(id, { paused }), () => text);
  }

  async scan({ id, name }: LiveFolderInfo): Promise<void> {
    await this.#run(this.#api.scan(id), () => `All of ${visibleName(name)} is looked at.`);
  }

  async relink({ id, name, root }: LiveFolderInfo): Promise<void> {
    const sure = await this.#ask({
      title: `Is this directory still ${visibleName(name)}?`,
      about: [visibleName(root)],
      text: [
        'Disk and network meet anew, as if the directory was bound for the first time. Nothing is deleted by it.',
        'An older copy on the disk goes to the trash of the folder; files that nobody has seen are added beside the others.',
      ],
      action: 'Relink',
    });
    if (sure) await this.#run(this.#api.relink(id), () => `${visibleName(name)} is linked to its directory again.`);
  }

  async follow({ id, name, movedTo }: LiveFolderInfo): Promise<void> {
    const text = `${visibleName(name)} goes on at ${visibleName(movedTo ?? '')}.`;
    await this.#run(this.#api.patch(id, { prefixGone: 'follow' }), () => text);
  }

  async emptyToo({ id, name, root, files }: LiveFolderInfo): Promise<void> {
    const sure = await this.#ask({
      title: `Empty the directory of ${visibleName(name)} too?`,
      about: [visibleName(root)],
      text: [`${counted(files, 'file')} on this disk go to the trash of the folder, where they stay for 30 days.`],
      action: 'Empty the folder too',
    });
    if (sure) {
      await this.#run(this.#api.patch(id, { prefixGone: 'empty' }), () => `${visibleName(name)} is being emptied.`);
    }
  }

  async remove({ id, name, root }: LiveFolderInfo): Promise<void> {
    const sure = await this.#ask({
      title: `Remove the live folder ${visibleName(name)}?`,
      about: [visibleName(root)],
      text: [
        'No file on either side is touched: the directory and the network stay as they are, and go their own ways.',
      ],
      action: 'Remove',
    });
    if (sure) await this.#run(this.#api.remove(id), () => `${visibleName(name)} is no live folder any more.`);
  }

  /** Answers whether it was done. */
  async answer(folder: LiveFolderInfo, hold: LiveFolderHold, action: AnswerHold['action']): Promise<boolean> {
    const names = hold.paths.slice(0, NAMED).map(visibleName);
    const about = hold.count > names.length ? [...names, `and ${counted(hold.count - names.length, 'other')}`] : names;
    const sure =
      action === 'restore' ||
      (await this.#ask({
        title: `Delete ${counted(hold.count, 'file')} in the network too?`,
        about,
        text: ['They are deleted on all nodes. Earlier versions can be restored from the deleted files.'],
        action: 'Delete in the network too',
      }));
    if (!sure) return false;
    const said = action === 'delete' ? 'deleted in the network too' : 'put back on the disk';
    return this.#run(this.#api.answer(folder.id, hold.id, action), ({ count }) => `${counted(count, 'file')} ${said}.`);
  }

  /** Answers whether it was done. */
  async settle(folder: LiveFolderInfo, act: 'revert' | 'override', paths: string[]): Promise<boolean> {
    const files = counted(paths.length, 'file');
    const sure = await this.#ask({
      title: act === 'revert' ? `Undo the changes of ${files} on the disk?` : `Send ${files} over those of others?`,
      about: paths.map(visibleName),
      text: [
        act === 'revert'
          ? 'They become what the network shows. What stands on the disk now goes to the trash of the folder.'
          : 'The disk’s state replaces what others have written. Their versions stay in the history.',
      ],
      action: act === 'revert' ? 'Undo on the disk' : 'Send the disk’s state',
    });
    if (!sure) return false;
    const call = act === 'revert' ? this.#api.revert(folder.id, paths) : this.#api.override(folder.id, paths);
    return this.#run(call, ({ count }) => `${counted(count, 'file')} taken up.`);
  }

  /** Answers whether it was done. */
  restore({ id }: LiveFolderInfo, entry: LiveFolderTrashEntry): Promise<boolean> {
    return this.#run(this.#api.restore(id, entry.id), ({ path }) => `${visibleName(path)} is back on the disk.`);
  }

  /** Asks once. Answers whether it was done. */
  async emptyTrash({ id, name }: LiveFolderInfo): Promise<boolean> {
    const sure = await this.#ask({
      title: `Empty the trash of ${visibleName(name)}?`,
      text: ['What is in it is removed from this disk for good. This cannot be undone.'],
      action: 'Empty the trash',
    });
    if (!sure) return false;
    const said = (gone: { files: number; bytes: number }) =>
      `${counted(gone.files, 'file')} removed, ${formatBytes(gone.bytes)}.`;
    return this.#run(this.#api.emptyTrash(id), said);
  }

  async #run<T>(call: Observable<T>, said: (answer: T) => string): Promise<boolean> {
    try {
      this.#toasts.show({ text: said(await firstValueFrom(call)) });
      return true;
    } catch (error) {
      const problem = toApiProblem(error);
      this.#toasts.show({ text: `${problem.title}. ${problem.detail}`, tone: 'bad', durationMs: 15_000 });
      return false;
    } finally {
      this.#state.refresh();
    }
  }

  async #ask(question: Question): Promise<boolean> {
    return (await this.#dialogs.open<boolean, Question>(ConfirmDialog, question)) ?? false;
  }
}
