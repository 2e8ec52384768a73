import { Service, inject } from '@angular/core';
import { FilesApi, problemOf, toApiProblem, type ApiProblem } from '@dfs/client-data';
import type { FileInfo, VersionInfo } from '@dfs/contracts';
import { firstValueFrom, from, map, mergeMap, toArray } from 'rxjs';
import { counted } from '../../kit/words/sizes.js';
import { Toasts } from '../../kit/toasts.js';
import { Failures } from '../../work/failures.js';
import { PeersState } from '../../peers/peers-state.js';
import { headsOf, otherNames } from '../detail/heads.js';
import { FilesState } from '../files-state.js';
import type { FileView } from '../list/rows.js';

/** Which version of each file goes on. */
export type Side = 'mine' | 'theirs' | 'newest' | 'both';

/** The engine's limits of a page, and of an act; heads are among the newest versions. */
const PAGE = 1000;
const VERSIONS = 50;
/** Questions at once. */
const AT_ONCE = 6;

/** Settles all conflicts of a view by one rule. Of a file for which the rule says nothing, nothing changes. */
@Service()
export class Settle {
  readonly #api = inject(FilesApi);
  readonly #peers = inject(PeersState);
  readonly #toasts = inject(Toasts);
  readonly #failures = inject(Failures);
  readonly #state = inject(FilesState);

  async all(view: FileView, side: Side): Promise<void> {
    const again = () => void this.all(view, side);
    try {
      const { prefix, q, type, sort } = view;
      const list = await firstValueFrom(this.#api.list({ prefix, q, type, sort, state: 'conflict', limit: PAGE }));
      const heads = await this.#heads(list.items);
      const problems = side === 'both' ? await this.#keepBoth(heads) : await this.#choose(heads, side);
      this.#tell(heads.length - problems.length, list.total - heads.length, problems, again);
    } catch (error) {
      this.#tell(0, 0, [toApiProblem(error)], again);
    }
    this.#state.window.refresh();
  }

  #heads(files: readonly FileInfo[]): Promise<{ id: string; heads: VersionInfo[] }[]> {
    const question = ({ id }: FileInfo) =>
      this.#api.versions(id, VERSIONS).pipe(map(({ items }) => ({ id, heads: headsOf(items) })));
    return firstValueFrom(from(files).pipe(mergeMap(question, AT_ONCE), toArray()));
  }

  async #choose(files: { id: string; heads: VersionInfo[] }[], side: Side): Promise<ApiProblem[]> {
    const items = files.flatMap(({ id, heads }) => {
      const head = this.#pick(heads, side);
      return head ? [{ id, version: head.version }] : [];
    });
    if (items.length === 0) return [];
    const { results } = await firstValueFrom(this.#api.batch({ op: 'choose', items }));
    return results.flatMap(({ problem }) => (problem ? [problemOf({ ...problem }, problem.status)] : []));
  }

  async #keepBoth(files: { id: string; heads: VersionInfo[] }[]): Promise<ApiProblem[]> {
    const problems: ApiProblem[] = [];
    for (const { id, heads } of files) {
      const kept = heads.filter(({ kind }) => kind === 'file');
      const [shown] = kept;
      if (shown === undefined) continue;
      const others = otherNames(kept, (peerId) => this.#peers.nameOf(peerId));
      await firstValueFrom(this.#api.choose(id, { version: shown.version, others })).catch((error: unknown) =>
        problems.push(toApiProblem(error)),
      );
    }
    return problems;
  }

  /** Of mine and theirs the newest; where there is none of them, the shown one. */
  #pick(heads: readonly VersionInfo[], side: Side): VersionInfo | undefined {
    const newest = [...heads].sort((a, b) => Date.parse(b.writtenAt) - Date.parse(a.writtenAt));
    if (side === 'newest') return newest[0];
    const mine = (head: VersionInfo) => this.#peers.stateOf(head.author) === 'self';
    return newest.find((head) => mine(head) === (side === 'mine')) ?? heads[0];
  }

  #tell(settled: number, left: number, problems: readonly ApiProblem[], again: () => void): void {
    const [problem] = problems;
    if (settled > 0) {
      const more = left > 0 ? $localize` ${counted(left, 'conflict')}:conflict: are left: do it again.` : '';
      this.#toasts.show({ text: $localize`Settled ${counted(settled, 'conflict')}:conflict:.${more}:more:` });
    }
    if (problem) {
      this.#failures.tell({
        text: $localize`${counted(problems.length, 'conflict')}:conflicts: could not be settled.`,
        problem,
        meaning: $localize`They stay conflicts, and all their versions are kept.`,
        again,
      });
    }
  }
}
