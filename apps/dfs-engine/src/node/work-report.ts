import type { WorkStatus } from '@dfs/runtime';

/** The work of the node in the background, in a sentence or two for people. Why work fails is in the log. */
export function workReport(all: readonly WorkStatus[]): string {
  const names = (some: readonly WorkStatus[]): string => some.map(({ name }) => name).join(', ');
  const running = all.filter(({ state }) => state === 'running');
  const failing = all.filter(({ lastError }) => lastError !== null);
  const waiting = all.filter(({ state }) => state === 'waiting').length;
  const now = running.length > 0 ? `Under way: ${names(running)}.` : 'Nothing is under way.';
  const failed = failing.length > 0 ? ` Failed last, and is tried again: ${names(failing)}.` : '';
  return `${now} Waiting for their time: ${waiting}.${failed}`;
}
