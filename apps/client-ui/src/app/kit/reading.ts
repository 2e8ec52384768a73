import { computed, linkedSignal, signal, type Signal, type WritableSignal } from '@angular/core';
import { rxResource } from '@angular/core/rxjs-interop';
import { toApiProblem, type ApiProblem } from '@dfs/client-data';
import type { Observable } from 'rxjs';

/** Something read from the node, which stays shown while it is read again, and when that fails. */
export interface Reading<T> {
  /** The newest value there is; writable, so that events can patch it. Undefined until the first answer. */
  readonly value: WritableSignal<T | undefined>;
  /** Why the last read failed; null when it did not. */
  readonly problem: Signal<ApiProblem | null>;
  readonly loading: Signal<boolean>;
  /** The node has been asked: what happens from now on may be missing in the answer. */
  isAsked(): boolean;
  /** Reads again; a read that is under way is dropped, because it may be older than what made this one necessary. */
  refresh(): void;
}

/**
 * A `Reading` of what `load` answers for the present parameters; a change of them forgets the value. A change of `again` reads
 * anew, and keeps the value until the answer is there.
 */
export function reading<T, P = true>(
  load: (params: P) => Observable<T>,
  params: () => P | undefined = () => true as P,
  again: () => unknown = () => undefined,
): Reading<T> {
  const round = signal(0);
  // Of equal parameters none is new.
  const given = computed(params);
  let isAsked = false;
  const resource = rxResource<T, { params: P; round: number; again: unknown } | undefined>({
    params: () => {
      const now = given();
      return now === undefined ? undefined : { params: now, round: round(), again: again() };
    },
    stream: ({ params: request }) => {
      isAsked = true;
      return load(request.params);
    },
  });
  const value = linkedSignal<{ of: P | undefined; answer: T | undefined }, T | undefined>({
    source: () => ({ of: given(), answer: resource.hasValue() ? resource.value() : undefined }),
    computation: (source, previous) =>
      source.answer ?? (previous?.source.of === source.of ? previous?.value : undefined),
  });
  return {
    value,
    problem: computed(() => {
      const error = resource.error();
      return error === undefined ? null : toApiProblem(error.cause ?? error);
    }),
    loading: resource.isLoading,
    isAsked: () => isAsked,
    refresh: () => round.update((n) => n + 1),
  };
}
