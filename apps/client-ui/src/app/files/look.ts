import { Service, computed, effect, signal } from '@angular/core';

/** How the list is drawn. */
export interface LookOfList {
  layout: 'table' | 'grid';
  density: 'roomy' | 'compact';
}

const KEY = 'dfs.list';

/** How a person likes the list, kept in this browser. */
@Service()
export class Look {
  readonly #look = signal<LookOfList>(stored());
  readonly layout = computed(() => this.#look().layout);
  readonly density = computed(() => this.#look().density);

  constructor() {
    effect(() => {
      try {
        localStorage.setItem(KEY, JSON.stringify(this.#look()));
      } catch {
        // A browser that keeps nothing: it is as it is until the page is left.
      }
    });
  }

  set(change: Partial<LookOfList>): void {
    this.#look.update((look) => ({ ...look, ...change }));
  }
}

function stored(): LookOfList {
  let kept: Partial<LookOfList> = {};
  try {
    kept = JSON.parse(localStorage.getItem(KEY) ?? '{}') as Partial<LookOfList>;
  } catch {
    // As when there was nothing.
  }
  return {
    layout: kept.layout === 'grid' ? 'grid' : 'table',
    density: kept.density === 'compact' ? 'compact' : 'roomy',
  };
}
