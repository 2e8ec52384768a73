import { CHUNK_MIN_BYTES, isManifestCid } from '@dfs/protocol';
import type { WritingStep } from '../../plan/plan.js';

/** A file of the network that is to stand on the disk. */
export type WriteStep = Extract<WritingStep, { do: 'write' }>;

/** Removals make room for files that take their names. A directory goes when all of it has gone. */
export const PHASES: readonly (readonly WritingStep['do'][])[] = [
  ['remove'],
  ['move'],
  ['remove-directory'],
  ['make-directory'],
  ['write', 'attributes'],
];

/** Whether it is a file of which all bytes are one chunk. */
export function isSmall(step: WritingStep): step is WriteStep {
  if (step.do !== 'write') return false;
  const { contentId, size } = step.head;
  return size <= CHUNK_MIN_BYTES && !(contentId !== null && isManifestCid(contentId));
}

/** Bytes that a step brings to the disk. */
export function bytesOf(step: WritingStep): number {
  return step.do === 'write' ? step.head.size : 0;
}

/** The order in which directories go: those beneath others before them. */
export function deepestFirst(a: WritingStep, b: WritingStep): number {
  const depth = (step: WritingStep): number => (step.do === 'move' ? 0 : step.path.split('/').length);
  return depth(b) - depth(a);
}
