import type { WorkStatus } from '@dfs/runtime';

/** A part of the node that does something in the background. */
export interface Worker {
  work(): WorkStatus | readonly WorkStatus[];
}

/** What the node is doing in the background, of all parts, in the order in which they start. */
export class NodeWork {
  constructor(private readonly parts: readonly Worker[]) {}

  list(): WorkStatus[] {
    return this.parts.flatMap((part) => part.work());
  }
}
