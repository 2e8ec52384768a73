import { inject, signal, type Signal } from '@angular/core';
import { SettingsApi, toApiProblem, type ApiProblem } from '@dfs/client-data';
import type { Settings, SettingsPatch } from '@dfs/contracts';
import { firstValueFrom } from 'rxjs';
import { Toasts } from '../kit/toasts.js';

/** How a form of settings is saved. */
export interface Saving {
  readonly busy: Signal<boolean>;
  /** Why the last try failed; null when it did not. */
  readonly problem: Signal<ApiProblem | null>;
  /** Answers all settings as they are then; null where it failed. */
  save(patch: SettingsPatch): Promise<Settings | null>;
}

/** Within an injection context. */
export function saving(): Saving {
  const api = inject(SettingsApi);
  const toasts = inject(Toasts);
  const busy = signal(false);
  const problem = signal<ApiProblem | null>(null);
  return {
    busy: busy.asReadonly(),
    problem: problem.asReadonly(),
    async save(patch) {
      busy.set(true);
      problem.set(null);
      try {
        const settings = await firstValueFrom(api.change(patch));
        toasts.show({ text: $localize`Saved.`, durationMs: 4000 });
        return settings;
      } catch (error) {
        problem.set(toApiProblem(error));
        return null;
      } finally {
        busy.set(false);
      }
    },
  };
}
