import type { WorkStatus } from '@dfs/runtime';

/** A part of the node that does something in the background. */
export interface Worker {
  work(): WorkStatus | readonly WorkStatus[];
}

/** Recurring work of all parts. */
export class NodeWork {
  private readonly parts: Worker[];

  constructor(parts: readonly Worker[]) {
    this.parts = [...parts];
  }

  /** Lists that of one more part. */
  add(part: Worker): void {
    this.parts.push(part);
  }

  list(): WorkStatus[] {
    return this.parts.flatMap((part) => part.work());
  }
}
