import { Service, inject } from '@angular/core';
import { MatDialog } from '@angular/material/dialog';
import { MatSnackBar } from '@angular/material/snack-bar';
import { FilesApi, toApiProblem, type ApiProblem } from '@dfs/client-data';
import { catchError, filter, firstValueFrom, from, map, mergeMap, of, toArray } from 'rxjs';
import { ConfirmDialog, type Question } from '../kit/confirm-dialog.js';
import { nameOf } from '../kit/names.js';
import { counted } from '../kit/sizes.js';
import type { FileRow } from './file-window.js';
import { FilesState } from './files-state.js';

/** Deletions sent at once. */
const PARALLEL = 4;
/** Names shown in the question. */
const NAMED = 50;

/** What became of a deletion. */
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
    const outcomes = await firstValueFrom(
      from(rows).pipe(
        mergeMap(
          (row) =>
            this.#api.delete(row.id, { confirm }).pipe(
              map((): Outcome => ({ row, problem: null })),
              catchError((error: unknown) => of<Outcome>({ row, problem: toApiProblem(error) })),
            ),
          PARALLEL,
        ),
        toArray(),
      ),
    );
    const gone = outcomes.filter((outcome) => outcome.problem === null).map(({ row }) => row);
    this.#files.window.apply(
      gone
        .filter((row) => this.#files.window.loadedRows().some(({ id }) => id === row.id))
        .map(({ id, path }) => ({ kind: 'gone', id, path })),
    );
    const failed = outcomes.filter((outcome) => outcome.problem !== null);
    const massive = failed.find(({ problem }) => problem?.code === 'mass-deletion')?.problem;
    if (massive && (await this.#ask({ title: massive.title, text: [massive.detail], action: 'Delete them all' }))) {
      return [
        ...gone,
        ...(await this.#run(
          failed.map(({ row }) => row),
          true,
        )),
      ];
    }
    this.#tell(gone, failed);
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
    } else {
      const what = gone.length === 1 && gone[0] ? `“${short(nameOf(gone[0].path))}”` : counted(gone.length, 'file');
      this.#snackBar.open(`Deleted ${what}. The other nodes follow.`, 'OK');
    }
  }

  async #ask(question: Question): Promise<boolean> {
    const closed = this.#dialog.open<ConfirmDialog, Question, boolean>(ConfirmDialog, { data: question }).afterClosed();
    return (await firstValueFrom(closed.pipe(filter((answer) => answer !== null)))) ?? false;
  }
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
