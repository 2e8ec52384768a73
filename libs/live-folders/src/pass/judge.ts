import type { Tx } from '@dfs/database';
import { decide } from '../plan/decide.js';
import type { PlanContext, PlanItem, SignDeletion, SignFile, Step } from '../plan/model.js';
import type { SigningStep } from '../plan/plan.js';
import type { PassContext } from './context.js';
import { isShown } from './network-tree.js';
import type { StoredFile } from './store-files.js';

/** Judges steps anew in the unit of work that signs them: what others have said since the plan was made counts (rule 3). */
export class Judge {
  /** By path; made when it is asked for: most passes sign nothing. */
  private byPath: ReadonlyMap<string, PlanItem> | undefined;

  constructor(
    private readonly pass: PassContext,
    private readonly items: readonly PlanItem[],
    private readonly context: PlanContext,
  ) {}

  /** Those that would be planned again. */
  async stillHolds(
    tx: Tx,
    steps: readonly SigningStep[],
    stored: ReadonlyMap<SignFile, StoredFile>,
  ): Promise<Set<SigningStep>> {
    const { network, held } = this.pass;
    if (this.pass.isOver()) return new Set();
    const paths = steps.flatMap((step) => (step.do === 'sign-move' ? [step.from.path, step.to.path] : [step.path]));
    const heads = await network.of(paths, tx);
    const contents = steps.flatMap((step) => {
      const file = step.do === 'sign-move' ? step.to : step.do === 'sign-file' ? step : undefined;
      const id = file && (stored.get(file)?.stored.contentId ?? file.content?.id);
      return file && id !== undefined ? [{ path: file.path, contentId: id, racy: false }] : [];
    });
    const known = await network.known(contents, tx);
    const found = new Map(contents.map(({ path, contentId, racy }) => [path, { id: contentId, racy }]));
    // The machine may have slept since the pass began.
    const mayDelete = this.context.mayDelete && this.pass.parts.sync.isSynced();
    const context = { ...this.context, mayDelete, held: await held.all(tx) };
    const items = (this.byPath ??= new Map(this.items.map((item) => [item.path, item])));
    const decided = (path: string): Step[] => {
      const item = items.get(path);
      if (item === undefined) return [];
      const content = found.get(path);
      const disk = item.disk.state === 'file' && content ? { ...item.disk, content } : item.disk;
      return decide({ ...item, disk, heads: heads.get(path) ?? [], known: known.has(path) }, context);
    };
    return new Set(steps.filter((step) => holds(step, decided)));
  }

  /** Whether paths that are to be written to the disk are still shown as planned. */
  async stillShows(path: string, record: string): Promise<boolean> {
    const heads = (await this.pass.network.of([path])).get(path);
    return isShown(heads) && heads?.[0]?.record === record;
  }
}

function holds(step: SigningStep, decided: (path: string) => Step[]): boolean {
  switch (step.do) {
    case 'sign-file':
      return decided(step.path).some((one) => isSameFile(one, step));
    case 'sign-deletion':
      return decided(step.path).some((one) => isSameDeletion(one, step));
    case 'sign-folder':
      return decided(step.path).some((one) => one.do === 'sign-folder' && isEqual(one.parents, step.parents));
    case 'sign-move':
      return (
        decided(step.from.path).some((one) => isSameDeletion(one, step.from)) &&
        decided(step.to.path).some((one) => isSameFile(one.do === 'issue' ? one.unlessMoved : one, step.to))
      );
  }
}

function isSameFile(one: Step | undefined, step: SignFile): boolean {
  return one?.do === 'sign-file' && one.imported === step.imported && isEqual(one.parents, step.parents);
}

function isSameDeletion(one: Step, step: SignDeletion): boolean {
  return one.do === 'sign-deletion' && isEqual(one.parents, step.parents);
}

function isEqual(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((one, at) => one === b[at]);
}
