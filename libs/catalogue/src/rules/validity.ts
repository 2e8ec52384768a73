import { MAX_CLOCK_SKEW, type ParsedRecord } from '@dfs/protocol';
import type { MemberView } from '../ports.js';
import { RecordState } from './states.js';

/**
 * The standing of an author by the membership, as text that is kept: `writer`, `reader` (may not write), `unknown`, or
 * `removed:` and the id of the last record that counts (nothing after the colon: none does).
 */
export function standingOf(members: MemberView, peerId: string): string {
  const member = members.member(peerId);
  if (member && member.role !== 'storage') return 'writer';
  // One that was removed, and has come back to hold data alone: what it wrote before is worth what it was then.
  if (member) return member.lastRecord === undefined ? 'reader' : `removed:${member.lastRecord ?? ''}`;
  const removed = members.removed?.(peerId);
  // A removed node shares its view with nobody, and still reads its own records.
  if (removed && peerId === members.self().peerId) return 'writer';
  return removed ? `removed:${removed.lastRecord ?? ''}` : 'unknown';
}

/** Id of the last record that counts; undefined when the author was not removed. */
export function lastCounted(standing: string): string | undefined {
  return standing.startsWith('removed:') ? standing.slice('removed:'.length) : undefined;
}

/**
 * The state that a record of this author gets now; undefined when it is refused. Records of a removed author are void
 * until
 * the chain of those that count has been walked.
 */
export function judge(record: ParsedRecord, standing: string, now: number): RecordState | undefined {
  if (standing === 'reader') return undefined;
  if (standing === 'unknown') return RecordState.waitingAuthor;
  if (lastCounted(standing) !== undefined) return RecordState.void;
  return judgeValid(record, now);
}

/** The same for a record whose author may have written it. */
export function judgeValid(record: ParsedRecord, now: number): RecordState {
  if (record.envelope.clock.ms > now + MAX_CLOCK_SKEW) return RecordState.future;
  return record.fields === null ? RecordState.unknown : RecordState.applied;
}
