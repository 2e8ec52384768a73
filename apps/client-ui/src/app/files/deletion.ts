import { Service, inject } from '@angular/core';
import { MatDialog } from '@angular/material/dialog';
import { MatSnackBar } from '@angular/material/snack-bar';
import { FilesApi, problemOf, toApiProblem, type ApiProblem } from '@dfs/client-data';
import type { BatchResult } from '@dfs/contracts';
import { catchError, filter, firstValueFrom, map, of } from 'rxjs';
import { ConfirmDialog, type Question } from '../kit/confirm-dialog.js';
import { nameOf } from '../kit/names.js';
import { counted, formatCount } from '../kit/sizes.js';
import type { FileRow } from './file-window.js';
import { FilesState } from './files-state.js';

/** Files of one act: the engine's limit. */
const MAX_ITEMS = 1000;
/** Names shown in the question. */
const NAMED = 50;

/** The result of a deletion. */
interface Outcome {
  row: FileRow;
  problem: ApiProblem | null;
}

/** Deleting: asks, does it, says what came of it, and offers to try again what failed. */
@Service()
export class Deletion {
  readonly #api = inject(FilesApi);
  readonly #dialog = inject(MatDialog);
  readonly #snackBar = inject(MatSnackBar);
  readonly #files = inject(FilesState);

  /** Answers the rows that are gone. */
  async delete(rows: readonly FileRow[]): Promise<readonly FileRow[]> {
    if (rows.length === 0 || !(await this.#ask(questionFor(rows)))) return [];
    return this.#run(rows, false);
  }

  async #run(rows: readonly FileRow[], confirm: boolean): Promise<readonly FileRow[]> {
    const outcomes: Outcome[] = [];
    for (let at = 0; at < rows.length; at += MAX_ITEMS) {
      const act = rows.slice(at, at + MAX_ITEMS);
      const items = act.map(({ id, version }) => ({ id, version }));
      const results = await firstValueFrom(
        this.#api.delete(items, { confirm }).pipe(
          map((all) => act.map((row, n): Outcome => ({ row, problem: problemIn(all[n]) }))),
          catchError((error: unknown) => of(act.map((row): Outcome => ({ row, problem: toApiProblem(error) })))),
        ),
      );
      outcomes.push(...results);
    }
    const gone = outcomes.filter((outcome) => outcome.problem === null).map(({ row }) => row);
    this.#files.window.apply(
      gone
        .filter((row) => this.#files.window.loadedRows().some(({ id }) => id === row.id))
        .map(({ id, path }) => ({ kind: 'gone', id, path })),
    );
    const failed = outcomes.filter((outcome) => outcome.problem !== null);
    const stopped = failed.filter(({ problem }) => problem?.code === 'mass-deletion');
    const massive = stopped[0]?.problem;
    if (massive && (await this.#ask(massQuestion(massive)))) {
      const more = await this.#run(
        stopped.map(({ row }) => row),
        true,
      );
      return [...gone, ...more];
    }
    this.#tell(
      gone,
      failed.filter(({ problem }) => problem?.code !== 'mass-deletion'),
    );
    return gone;
  }

  #tell(gone: readonly FileRow[], failed: readonly Outcome[]): void {
    const [first] = failed;
    if (first?.problem) {
      const text = `${counted(failed.length, 'file')} could not be deleted. ${first.problem.title}: ${first.problem.detail}`;
      this.#snackBar
        .open(text, 'Try again', { duration: 20_000 })
        .onAction()
        .subscribe(
          () =>
            void this.#run(
              failed.map(({ row }) => row),
              false,
            ),
        );
    } else if (gone.length > 0) {
      const what = gone.length === 1 && gone[0] ? `“${short(nameOf(gone[0].path))}”` : counted(gone.length, 'file');
      this.#snackBar.open(`Deleted ${what}. The other nodes follow.`, 'OK');
    }
  }

  async #ask(question: Question): Promise<boolean> {
    const closed = this.#dialog.open<ConfirmDialog, Question, boolean>(ConfirmDialog, { data: question }).afterClosed();
    return (await firstValueFrom(closed.pipe(filter((answer) => answer !== null)))) ?? false;
  }
}

/** A file that is gone already counts as deleted. */
function problemIn(result: BatchResult | undefined): ApiProblem | null {
  if (result !== undefined && (result.status < 300 || result.status === 404)) return null;
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
        ? `${formatCount(all)} of ${counted(files ?? 0, 'file')} would be deleted within a minute. Nothing of this was deleted yet.`
        : 'Nothing of this was deleted yet.',
      'Deleted files can be restored for as long as the network keeps them.',
    ],
    action: 'Delete them all',
  };
}

function questionFor(rows: readonly FileRow[]): Question {
  const names = rows.slice(0, NAMED).map((row) => nameOf(row.path));
  const more = rows.length - names.length;
  return {
    title: rows.length === 1 ? 'Delete this file everywhere?' : `Delete ${counted(rows.length, 'file')} everywhere?`,
    about: more > 0 ? [...names, `and ${counted(more, 'more file')}`] : names,
    text: [
      `${rows.length === 1 ? 'It is' : 'They are'} deleted on every node of the network, not only on this one. Nodes that are away delete ${rows.length === 1 ? 'it' : 'them'} when they come back.`,
    ],
    action: rows.length === 1 ? 'Delete everywhere' : `Delete ${counted(rows.length, 'file')}`,
  };
}

function short(name: string): string {
  const letters = [...name];
  return letters.length > 60 ? `${letters.slice(0, 40).join('')}…${letters.slice(-16).join('')}` : name;
}
