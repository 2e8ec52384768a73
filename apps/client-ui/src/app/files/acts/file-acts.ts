import { Service, inject } from '@angular/core';
import { FilesApi, FoldersApi, problemOf, toApiProblem, type ApiProblem } from '@dfs/client-data';
import type { BatchItem, BatchOp, BatchResult, FolderAct } from '@dfs/contracts';
import { firstValueFrom } from 'rxjs';
import { ConfirmDialog, type Question } from '../../kit/confirm-dialog.js';
import { Dialogs } from '../../kit/dialogs.js';
import { visibleName } from '../../kit/words/names.js';
import { counted, formatCount } from '../../kit/words/sizes.js';
import { Toasts } from '../../kit/toasts.js';
import { Failures } from '../../work/failures.js';
import { FilesState } from '../files-state.js';
import { rawName, type FileRow, type FileView, type Row } from '../list/rows.js';
import { freeName, pathIn } from './places.js';

/** Files of one act: the engine's limit. */
const MAX_ITEMS = 1000;
/** More than so many files are asked about before they go, though all of it can be undone. */
const MANY = 25;
/** Names shown in a question. */
const NAMED = 50;
/** How long one can undo from the message, in milliseconds. */
const UNDO_MS = 12_000;

/** The subject of an act: rows, or all that match a view. */
export type Target = readonly Row[] | { view: FileView; count: number };

/** The outcome of an act. */
interface Outcome {
  /** For undoing, the last one first. */
  acts: string[];
  done: number;
  failed: { row: Row; problem: ApiProblem }[];
  /** It goes on by itself. */
  goesOn: boolean;
}

/** A verb, as the messages have it. */
interface Verb {
  /** `Deleted 3 items.` */
  done(what: string): string;
  /** `Deleted 3 items: the rest goes on by itself.` */
  goesOn(what: string): string;
  /** `3 items could not be deleted.` */
  failed(what: string): string;
  /** The meaning of a refusal for the files. */
  refused: string;
}

const DELETED: Verb = {
  done: (what) => $localize`Deleted ${what}:what:.`,
  goesOn: (what) => $localize`Deleted ${what}:what:: the rest goes on by itself.`,
  failed: (what) => $localize`${what}:what: could not be deleted.`,
  refused: $localize`The items named here were not deleted: they stay as they are.`,
};
const RESTORED: Verb = {
  done: (what) => $localize`Restored ${what}:what:.`,
  goesOn: (what) => $localize`Restored ${what}:what:: the rest goes on by itself.`,
  failed: (what) => $localize`${what}:what: could not be restored.`,
  refused: $localize`The items named here stay deleted. They can be restored for as long as the network keeps them.`,
};
const MOVED: Verb = {
  done: (what) => $localize`Moved ${what}:what:.`,
  goesOn: (what) => $localize`Moved ${what}:what:: the rest goes on by itself.`,
  failed: (what) => $localize`${what}:what: could not be moved.`,
  refused: $localize`The items named here stay where they are, under their names.`,
};
const COPIED: Verb = {
  done: (what) => $localize`Copied ${what}:what:.`,
  goesOn: (what) => $localize`Copied ${what}:what:: the rest goes on by itself.`,
  failed: (what) => $localize`${what}:what: could not be copied.`,
  refused: $localize`No copy was made. The items named here stay as they are.`,
};

/** Acts on files and folders: asks where much would go, does it, says what came of it, and offers to undo it. */
@Service()
export class FileActs {
  readonly #files = inject(FilesApi);
  readonly #folders = inject(FoldersApi);
  readonly #dialogs = inject(Dialogs);
  readonly #toasts = inject(Toasts);
  readonly #failures = inject(Failures);
  readonly #state = inject(FilesState);
  /** Acts that the last message offers to undo. */
  #undoable: readonly string[] = [];

  /** Deletes everywhere. Answers whether anything went. */
  async remove(target: Target): Promise<boolean> {
    const question = questionFor(target);
    if (question !== null && !(await this.#ask(question))) return false;
    const run = (rows: Target, confirm: boolean): Promise<Outcome> =>
      Array.isArray(rows)
        ? this.#each(rows as readonly Row[], (files) => this.#batch('delete', files.map(seen), files, confirm), {
            folder: (path) => this.#folders.remove(path, { confirm }),
          })
        : this.#matching('delete', rows as { view: FileView }, confirm);
    const outcome = await this.#guarded(target, run);
    if (Array.isArray(target)) {
      const failed = new Set(outcome.failed.map(({ row }) => row.key));
      this.#state.window.take(new Set((target as readonly Row[]).map(({ key }) => key).filter((k) => !failed.has(k))));
    }
    this.#tell(outcome, DELETED, target, (rows) => void this.remove(rows));
    return outcome.done > 0;
  }

  /** Moves into a folder (`a/b/`, or empty for the top). */
  async move(rows: readonly Row[], to: string): Promise<boolean> {
    return this.#relocate('move', rows, (row) => pathIn(to, row));
  }

  /** Gives one row another name in its folder. */
  async rename(row: Row, name: string): Promise<boolean> {
    const folder = row.path.slice(0, row.path.length - rawName(row).length - (row.kind === 'folder' ? 1 : 0));
    return this.#relocate('move', [row], () => folder + name);
  }

  /** Copies into a folder; beside itself under a name of its own. */
  async copy(rows: readonly Row[], to: string): Promise<boolean> {
    return this.#relocate('copy', rows, (row) => (pathIn(to, row) === bare(row) ? freeName(row) : pathIn(to, row)));
  }

  /** Brings deleted files back. */
  async restore(target: Target): Promise<boolean> {
    const outcome = Array.isArray(target)
      ? await this.#each(target as readonly Row[], (files) =>
          this.#batch(
            'restore',
            files.map(({ file }) => ({ id: file.id })),
            files,
            false,
          ),
        )
      : await this.#matching('restore', target as { view: FileView }, false);
    this.#tell(outcome, RESTORED, target, (rows) => void this.restore(rows));
    return outcome.done > 0;
  }

  /** Makes an empty folder; answers its path, or null when that failed. */
  async makeFolder(path: string): Promise<string | null> {
    try {
      const folder = await firstValueFrom(this.#folders.make(path));
      this.#state.window.refresh();
      return folder.path;
    } catch (error) {
      this.#failures.tell({
        text: $localize`The folder “${short(visibleName(path))}:name:” could not be made.`,
        problem: toApiProblem(error),
        meaning: $localize`No folder was made. Nothing else was changed.`,
        again: () => void this.makeFolder(path),
      });
      return null;
    }
  }

  /** Offers to undo what a dialog did. */
  done(text: string, acts: readonly (string | null)[]): void {
    this.#offer(
      text,
      acts.filter((act) => act !== null),
    );
    this.#state.window.refresh();
  }

  /** Undoes what was done last, once. */
  async undoLast(): Promise<void> {
    if (this.#undoable.length > 0) await this.#undo(this.#undoable);
  }

  #offer(text: string, acts: readonly string[]): void {
    this.#undoable = acts;
    this.#toasts.show({
      text,
      durationMs: UNDO_MS,
      ...(acts.length > 0 && { action: $localize`Undo`, run: () => void this.#undo(acts) }),
    });
  }

  async #relocate(op: 'move' | 'copy', rows: readonly Row[], place: (row: Row) => string): Promise<boolean> {
    const moving = op === 'move' ? rows.filter((row) => place(row) !== bare(row)) : rows;
    if (moving.length === 0) return false;
    const outcome = await this.#each(
      moving,
      (files) =>
        this.#batch(
          op,
          files.map((row) => ({ id: row.file.id, version: row.file.version, path: place(row) })),
          files,
          false,
        ),
      {
        folder: (path, row) =>
          op === 'move' ? this.#folders.move(path, place(row)) : this.#folders.copy(path, place(row)),
      },
    );
    const verb = op === 'move' ? MOVED : COPIED;
    this.#tell(outcome, verb, moving, (failed) => void this.#relocate(op, failed, place));
    return outcome.done > 0;
  }

  /** Files in batches, then folders one by one, each of which is an act of its own. */
  async #each(
    rows: readonly Row[],
    batch: (files: readonly FileRow[]) => Promise<Outcome>,
    with_: { folder?: (path: string, row: Row) => ReturnType<FoldersApi['move']> } = {},
  ): Promise<Outcome> {
    const outcome: Outcome = { acts: [], done: 0, failed: [], goesOn: false };
    const add = (more: Outcome) => {
      outcome.acts.unshift(...more.acts);
      outcome.failed.push(...more.failed);
      outcome.done += more.done;
      outcome.goesOn ||= more.goesOn;
    };
    const files = rows.filter((row) => row.kind === 'file');
    for (let at = 0; at < files.length; at += MAX_ITEMS) {
      const some = files.slice(at, at + MAX_ITEMS);
      add(await batch(some).catch((error: unknown) => failedAll(some, toApiProblem(error))));
    }
    for (const row of rows) {
      if (row.kind !== 'folder' || !with_.folder) continue;
      add(
        await firstValueFrom(with_.folder(row.path, row)).then(
          (act) => outcomeOf(act),
          (error: unknown) => failedAll([row], toApiProblem(error)),
        ),
      );
    }
    return outcome;
  }

  async #batch(op: BatchOp, items: BatchItem[], files: readonly FileRow[], confirm: boolean): Promise<Outcome> {
    const answer = await firstValueFrom(this.#files.batch({ op, items, ...(confirm && { confirm }) }));
    const failed = files.flatMap((row, n) => {
      const problem = problemIn(op, answer.results[n]);
      return problem === null ? [] : [{ row, problem }];
    });
    const done = files.length - failed.length;
    return { acts: done > 0 ? [answer.act] : [], done, failed, goesOn: answer.transfer !== undefined };
  }

  async #matching(op: 'delete' | 'restore', { view }: { view: FileView }, confirm: boolean): Promise<Outcome> {
    const filter = {
      ...(view.prefix && { prefix: view.prefix }),
      ...(view.q && { q: view.q }),
      ...(view.type && { type: view.type }),
      ...(view.replication && { replication: view.replication }),
      ...(view.state !== 'current' && { state: view.state }),
    };
    try {
      const { act, results, transfer } = await firstValueFrom(
        this.#files.batch({ op, filter, ...(confirm && { confirm }) }),
      );
      const done = results.filter(({ status }) => status < 300).length;
      return { acts: [act], done: transfer?.items?.total ?? done, failed: [], goesOn: transfer !== undefined };
    } catch (error) {
      return { acts: [], done: 0, failed: [{ row: NOBODY, problem: toApiProblem(error) }], goesOn: false };
    }
  }

  /** The node stops an act that would delete most of the files: asks, in its own words, and goes on with what was stopped. */
  async #guarded(target: Target, run: (rows: Target, confirm: boolean) => Promise<Outcome>): Promise<Outcome> {
    const outcome = await run(target, false);
    const stopped = outcome.failed.filter(({ problem }) => problem.code === 'mass-deletion');
    const [first] = stopped;
    if (first === undefined) return outcome;
    const others = outcome.failed.filter(({ problem }) => problem.code !== 'mass-deletion');
    if (!(await this.#ask(massQuestion(first.problem)))) return { ...outcome, failed: others };
    const more = await run(Array.isArray(target) ? stopped.map(({ row }) => row) : target, true);
    return {
      acts: [...more.acts, ...outcome.acts],
      done: outcome.done + more.done,
      failed: [...others, ...more.failed],
      goesOn: outcome.goesOn || more.goesOn,
    };
  }

  #tell(outcome: Outcome, verb: Verb, target: Target, again: (rows: readonly Row[]) => void): void {
    this.#state.window.refresh();
    if (outcome.done > 0) {
      const one = Array.isArray(target) && target.length === 1 ? (target[0] as Row) : null;
      const what = one ? `“${short(visibleName(rawName(one)))}”` : counted(outcome.done, 'item');
      this.#offer(outcome.goesOn ? verb.goesOn(what) : verb.done(what), outcome.acts);
    }
    for (const failed of byCause(outcome.failed)) this.#tellFailed(failed, verb, target, again);
  }

  /** All of one cause as one failure. */
  #tellFailed(failed: Outcome['failed'], verb: Verb, target: Target, again: (rows: readonly Row[]) => void): void {
    const [first] = failed;
    if (first === undefined) return;
    const rows = failed.map(({ row }) => row).filter((row) => row !== NOBODY);
    const [only, ...others] = rows;
    const count = rows.length || (Array.isArray(target) ? 1 : (target as { count: number }).count);
    const what = only && others.length === 0 ? `“${short(visibleName(rawName(only)))}”` : counted(count, 'item');
    this.#failures.tell({
      text: verb.failed(what),
      problem: first.problem,
      meaning: verb.refused,
      about: rows.map(({ path }) => visibleName(path)),
      ...(rows.length > 0 && { again: () => again(rows) }),
    });
  }

  async #undo(acts: readonly string[]): Promise<void> {
    if (this.#undoable === acts) this.#undoable = [];
    try {
      let kept = 0;
      for (const act of acts) {
        const undone = await firstValueFrom(this.#folders.restore({ path: '', act, confirm: true }));
        kept += undone.skippedTotal;
      }
      this.#toasts.show({
        text:
          kept > 0
            ? $localize`Undone, but ${counted(kept, 'path')}:path: changed since and stay as they are.`
            : $localize`Undone.`,
      });
    } catch (error) {
      this.#failures.tell({
        text: $localize`It could not be undone.`,
        problem: toApiProblem(error),
        meaning: $localize`The act stays done. It can still be undone.`,
        again: () => void this.#undo(acts),
      });
    }
    this.#state.window.refresh();
  }

  async #ask(question: Question): Promise<boolean> {
    return (await this.#dialogs.open<boolean, Question>(ConfirmDialog, question)) ?? false;
  }
}

/** Where an act by a filter failed there is no row to name. */
const NOBODY: Row = {
  kind: 'folder',
  key: '',
  path: '',
  folder: { name: '', path: '', files: 0, bytes: 0, newest: null, worst: null },
};

const seen = ({ file }: FileRow): BatchItem => ({ id: file.id, version: file.version });
const bare = ({ path }: Row): string => path.replace(/\/$/, '');

/** Those of one cause together. */
function byCause(failed: Outcome['failed']): Outcome['failed'][] {
  const causes = new Map<string, Outcome['failed']>();
  for (const one of failed) {
    const cause = `${one.problem.code} ${one.problem.detail}`;
    causes.set(cause, [...(causes.get(cause) ?? []), one]);
  }
  return [...causes.values()];
}

function failedAll(rows: readonly Row[], problem: ApiProblem): Outcome {
  return { acts: [], done: 0, failed: rows.map((row) => ({ row, problem })), goesOn: false };
}

function outcomeOf({ act, transfer }: FolderAct): Outcome {
  return { acts: act === null ? [] : [act], done: 1, failed: [], goesOn: transfer !== undefined };
}

/** A file that is gone already counts as deleted. */
function problemIn(op: BatchOp, result: BatchResult | undefined): ApiProblem | null {
  if (result !== undefined && (result.status < 300 || (op === 'delete' && result.status === 404))) return null;
  return problemOf(result?.problem ?? null, result?.status ?? 0);
}

/** The node stopped the act before the first file was gone: says how many there are, and how many are left. */
function massQuestion(problem: ApiProblem): Question {
  const [deleted, asked, files] = ['deleted', 'asked', 'files'].map((name) => Number(problem.extensions[name] ?? NaN));
  const all = (deleted ?? NaN) + (asked ?? NaN);
  const known = Number.isFinite(all) && Number.isFinite(files);
  return {
    title: problem.title,
    text: [
      known
        ? $localize`${formatCount(all)}:all: of ${counted(files ?? 0, 'file')}:file: would be deleted within a minute. Nothing of this was deleted yet.`
        : $localize`Nothing of this was deleted yet.`,
      $localize`Deleted files can be restored for as long as the network keeps them.`,
    ],
    action: $localize`Delete them all`,
  };
}

/** A few files go without a question, since that can be undone. Null where none is needed. */
function questionFor(target: Target): Question | null {
  const text = [
    $localize`They are deleted on every node of the network; nodes that are away follow when they come back. They can be restored from Deleted for as long as the network keeps them.`,
  ];
  if (!Array.isArray(target)) {
    const { count } = target as { count: number };
    return { title: $localize`Delete all ${counted(count, 'item')}:item:?`, text, action: $localize`Delete them all` };
  }
  const rows = target as readonly Row[];
  const folders = rows.filter((row) => row.kind === 'folder');
  const files = folders.reduce((sum, { folder }) => sum + folder.files, rows.length - folders.length);
  if (files <= MANY) return null;
  const names = rows.slice(0, NAMED).map((row) => visibleName(rawName(row)) + (row.kind === 'folder' ? '/' : ''));
  const more = rows.length - names.length;
  return {
    title: $localize`Delete ${counted(files, 'file')}:file: everywhere?`,
    about: more > 0 ? [...names, $localize`and ${formatCount(more)}:more: more`] : names,
    text,
    action: $localize`Delete ${counted(files, 'file')}:file:`,
  };
}

function short(name: string): string {
  const letters = [...name];
  return letters.length > 60 ? `${letters.slice(0, 40).join('')}…${letters.slice(-16).join('')}` : name;
}
