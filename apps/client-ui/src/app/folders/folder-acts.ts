import { Service, inject } from '@angular/core';
import { LiveFoldersApi, toApiProblem } from '@dfs/client-data';
import type { AnswerHold, LiveFolderHold, LiveFolderInfo, LiveFolderTrashEntry } from '@dfs/contracts';
import { firstValueFrom, type Observable } from 'rxjs';
import { ConfirmDialog, type Question } from '../kit/confirm-dialog.js';
import { Dialogs } from '../kit/dialogs.js';
import { visibleName } from '../kit/words/names.js';
import { counted, formatBytes } from '../kit/words/sizes.js';
import { Toasts } from '../kit/toasts.js';
import { Failures } from '../work/failures.js';
import { FoldersState } from './folders-state.js';

/** Seconds for which all folders pause. */
const HOUR = 3600;
/** Names told in a question. */
const NAMED = 100;

/** Acts on a live folder: asked for where they cannot be taken back, told of, and followed by a new reading. */
@Service()
export class FolderActs {
  readonly #api = inject(LiveFoldersApi);
  readonly #dialogs = inject(Dialogs);
  readonly #toasts = inject(Toasts);
  readonly #failures = inject(Failures);
  readonly #state = inject(FoldersState);

  async pause({ id, name }: LiveFolderInfo, paused: boolean): Promise<void> {
    const text = paused
      ? $localize`${visibleName(name)}:name: pauses: neither side is touched.`
      : $localize`${visibleName(name)}:name: goes on.`;
    const failed = paused
      ? $localize`${visibleName(name)}:name: could not be paused.`
      : $localize`${visibleName(name)}:name: could not go on.`;
    await this.#run(this.#api.patch(id, { paused }), () => text, failed);
  }

  /** All of them, for an hour; those that a person paused without an end stay so. */
  async pauseAll(): Promise<void> {
    const text = $localize`All live folders pause for an hour: neither side is touched.`;
    await this.#run(this.#api.pause(HOUR), () => text, $localize`The live folders could not be paused.`);
  }

  /** Those that pause for a time. */
  async resumeAll(): Promise<void> {
    await this.#run(
      this.#api.pause(0),
      () => $localize`The live folders go on.`,
      $localize`The live folders could not go on.`,
    );
  }

  async scan({ id, name }: LiveFolderInfo): Promise<void> {
    await this.#run(
      this.#api.scan(id),
      () => $localize`All of ${visibleName(name)}:name: is looked at.`,
      $localize`${visibleName(name)}:name: could not be looked through.`,
    );
  }

  async relink({ id, name, root }: LiveFolderInfo): Promise<void> {
    const sure = await this.#ask({
      title: $localize`Is this directory still ${visibleName(name)}:name:?`,
      about: [visibleName(root)],
      text: [
        $localize`Disk and network meet anew, as if the directory was bound for the first time. Nothing is deleted by it.`,
        $localize`An older copy on the disk goes to the trash of the folder; files that nobody has seen are added beside the others.`,
      ],
      action: $localize`Relink`,
    });
    if (sure)
      await this.#run(
        this.#api.relink(id),
        () => $localize`${visibleName(name)}:name: is linked to its directory again.`,
        $localize`${visibleName(name)}:name: could not be linked to its directory.`,
      );
  }

  async follow({ id, name, movedTo }: LiveFolderInfo): Promise<void> {
    const text = $localize`${visibleName(name)}:name: goes on at ${visibleName(movedTo ?? '')}:movedTo:.`;
    const failed = $localize`${visibleName(name)}:name: could not follow its folder.`;
    await this.#run(this.#api.patch(id, { prefixGone: 'follow' }), () => text, failed);
  }

  async emptyToo({ id, name, root, files }: LiveFolderInfo): Promise<void> {
    const sure = await this.#ask({
      title: $localize`Empty the directory of ${visibleName(name)}:name: too?`,
      about: [visibleName(root)],
      text: [
        $localize`${counted(files, 'file')}:file: on this disk go to the trash of the folder, where they stay for 30 days.`,
      ],
      action: $localize`Empty the folder too`,
    });
    if (sure) {
      await this.#run(
        this.#api.patch(id, { prefixGone: 'empty' }),
        () => $localize`${visibleName(name)}:name: is being emptied.`,
        $localize`The directory of ${visibleName(name)}:name: could not be emptied.`,
      );
    }
  }

  async remove({ id, name, root }: LiveFolderInfo): Promise<void> {
    const sure = await this.#ask({
      title: $localize`Remove the live folder ${visibleName(name)}:name:?`,
      about: [visibleName(root)],
      text: [
        $localize`No file on either side is touched: the directory and the network stay as they are, and go their own ways.`,
      ],
      action: $localize`Remove`,
    });
    if (sure)
      await this.#run(
        this.#api.remove(id),
        () => $localize`${visibleName(name)}:name: is no live folder any more.`,
        $localize`The live folder ${visibleName(name)}:name: could not be removed.`,
      );
  }

  /** Answers whether it was done. */
  async answer(folder: LiveFolderInfo, hold: LiveFolderHold, action: AnswerHold['action']): Promise<boolean> {
    const names = hold.paths.slice(0, NAMED).map(visibleName);
    const about =
      hold.count > names.length
        ? [...names, $localize`and ${counted(hold.count - names.length, 'other')}:other:`]
        : names;
    const sure =
      action === 'restore' ||
      (await this.#ask({
        title: $localize`Delete ${counted(hold.count, 'file')}:file: in the network too?`,
        about,
        text: [$localize`They are deleted on all nodes. Earlier versions can be restored from the deleted files.`],
        action: $localize`Delete in the network too`,
      }));
    if (!sure) return false;
    const said = (files: string) =>
      action === 'delete'
        ? $localize`${files}:files: deleted in the network too.`
        : $localize`${files}:files: put back on the disk.`;
    return this.#run(
      this.#api.answer(folder.id, hold.id, action),
      ({ count }) => said(counted(count, 'file')),
      $localize`The deletions in ${visibleName(folder.name)}:name: could not be answered.`,
    );
  }

  /** Answers whether it was done. */
  async settle(folder: LiveFolderInfo, act: 'revert' | 'override', paths: string[]): Promise<boolean> {
    const files = counted(paths.length, 'file');
    const sure = await this.#ask({
      title:
        act === 'revert'
          ? $localize`Undo the changes of ${files}:files: on the disk?`
          : $localize`Send ${files}:files: over those of others?`,
      about: paths.map(visibleName),
      text: [
        act === 'revert'
          ? $localize`They become what the network shows. The versions on the disk now go to the trash of the folder.`
          : $localize`The disk’s state replaces what others have written. Their versions stay in the history.`,
      ],
      action: act === 'revert' ? $localize`Undo on the disk` : $localize`Send the disk’s state`,
    });
    if (!sure) return false;
    const call = act === 'revert' ? this.#api.revert(folder.id, paths) : this.#api.override(folder.id, paths);
    const failed =
      act === 'revert'
        ? $localize`The changes of ${files}:files: could not be undone on the disk.`
        : $localize`${files}:files: could not be sent over those of others.`;
    return this.#run(call, ({ count }) => $localize`${counted(count, 'file')}:file: taken up.`, failed);
  }

  /** Answers whether it was done. */
  restore({ id }: LiveFolderInfo, entry: LiveFolderTrashEntry): Promise<boolean> {
    return this.#run(
      this.#api.restore(id, entry.id),
      ({ path }) => $localize`${visibleName(path)}:path: is back on the disk.`,
      $localize`${visibleName(entry.path ?? entry.id)}:path: could not be put back on the disk.`,
    );
  }

  /** Asks once. Answers whether it was done. */
  async emptyTrash({ id, name }: LiveFolderInfo): Promise<boolean> {
    const sure = await this.#ask({
      title: $localize`Empty the trash of ${visibleName(name)}:name:?`,
      text: [$localize`All files in it are removed from this disk for good. This cannot be undone.`],
      action: $localize`Empty the trash`,
    });
    if (!sure) return false;
    const said = (gone: { files: number; bytes: number }) =>
      $localize`${counted(gone.files, 'file')}:file: removed, ${formatBytes(gone.bytes)}:bytes:.`;
    const failed = $localize`The trash of ${visibleName(name)}:name: could not be emptied.`;
    return this.#run(this.#api.emptyTrash(id), said, failed);
  }

  async #run<T>(call: Observable<T>, said: (answer: T) => string, failed: string): Promise<boolean> {
    try {
      this.#toasts.show({ text: said(await firstValueFrom(call)) });
      return true;
    } catch (error) {
      this.#failures.tell({
        text: failed,
        problem: toApiProblem(error),
        meaning: $localize`The live folder goes on as before; its page tells how it stands.`,
        again: () => void this.#run(call, said, failed),
      });
      return false;
    } finally {
      this.#state.refresh();
    }
  }

  async #ask(question: Question): Promise<boolean> {
    return (await this.#dialogs.open<boolean, Question>(ConfirmDialog, question)) ?? false;
  }
}
