import type { WorkStatus } from '@dfs/runtime';

/** A part of the node that does something in the background. */
export interface Worker {
  work(): WorkStatus | readonly WorkStatus[];
}

/** Recurring work of all parts, in the order in which they start. */
export class NodeWork {
  constructor(private readonly parts: readonly Worker[]) {}

  list(): WorkStatus[] {
    return this.parts.flatMap((part) => part.work());
  }
}
