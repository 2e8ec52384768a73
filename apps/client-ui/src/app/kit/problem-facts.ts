import type { ApiProblem } from '@dfs/client-data';

/** The facts of a problem, a line each, in English: for those who are asked for help. @param at in milliseconds since 1970 */
export function problemFacts(problem: ApiProblem | null, at: number): string[] {
  return [
    `Problem: ${problem?.title ?? ''}`,
    `Detail: ${problem?.detail ?? ''}`,
    `Code: ${problem?.code ?? ''} (HTTP ${problem?.status ?? 0})`,
    ...(problem?.requestId ? [`Request: ${problem.requestId}`] : []),
    `Time: ${new Date(at).toISOString()}`,
  ];
}

/** `quota-exceeded · 4f1c`: what the log of the node is searched for. */
export function codeOf({ code, requestId }: ApiProblem): string {
  return requestId === null ? code : `${code} · ${requestId}`;
}
