import { LiveAnnouncer } from '@angular/cdk/a11y';
import { Service, inject, signal } from '@angular/core';
import type { ApiProblem, ProblemCode } from '@dfs/client-data';
import { Dialogs } from '../kit/dialogs.js';
import { problemFacts } from '../kit/problem-facts.js';
import { visibleName } from '../kit/words/names.js';
import { ProblemDialog, type Explained } from './problem-dialog.js';
import { WorkBeacon } from './work-beacon.js';

/** So many are kept; the oldest give way. */
const KEPT = 50;
/** After these nobody knows whether the node has done it: its answer did not come, or was none of its own. */
const UNANSWERED: ReadonlySet<ProblemCode> = new Set(['unreachable', 'connection-cut', 'timeout', 'unexpected-answer']);

/** An act of a person that failed. */
export interface Failure {
  /** A sentence: `“a.txt” could not be moved.` */
  text: string;
  problem: ApiProblem;
  /** The meaning for the data, given that the node refused. */
  meaning: string;
  /** Names it is about, as they may be shown. */
  about?: readonly string[];
  /** Does it again. */
  again?: () => void;
}

/** A failure that is kept; `at` in milliseconds since 1970. */
export interface KeptFailure extends Failure {
  id: number;
  at: number;
}

/** Acts that failed. They stay in the drawer of work, which opens with each of them, until a person leaves them or tries again. */
@Service()
export class Failures {
  readonly #beacon = inject(WorkBeacon);
  readonly #announcer = inject(LiveAnnouncer);
  readonly #dialogs = inject(Dialogs);
  readonly #kept = signal<readonly KeptFailure[]>([]);
  #lastId = 0;

  /** The newest first. */
  readonly kept = this.#kept.asReadonly();

  /** Keeps it where a person sees it; an open dialog would cover the drawer, and is covered by one with all about it. */
  tell(failure: Failure): void {
    const kept = { ...failure, id: ++this.#lastId, at: Date.now() };
    this.#set([kept, ...this.#kept()].slice(0, KEPT));
    this.#beacon.open();
    if (this.#dialogs.any) this.explain(kept);
    void this.#announcer.announce(`${failure.text} ${lineOfFailure(failure)}`, 'assertive');
  }

  /** All about it, in a dialog. */
  explain(failure: KeptFailure): void {
    void this.#dialogs.open<void, Explained>(ProblemDialog, {
      heading: failure.text,
      about: failure.about ?? [],
      problem: failure.problem,
      happened: lineOfFailure(failure),
      meaning: meaningOf(failure),
      advice: failure.problem.next,
      details: detailsOf(failure),
      again: failure.again ? () => this.retry(failure) : null,
    });
  }

  /** Does it again; what fails anew is told anew. */
  retry(failure: KeptFailure): void {
    this.leave(failure);
    failure.again?.();
  }

  /** Forgets this one, or all. */
  leave(failure?: KeptFailure): void {
    this.#set(failure ? this.#kept().filter(({ id }) => id !== failure.id) : []);
  }

  #set(kept: readonly KeptFailure[]): void {
    this.#kept.set(kept);
    this.#beacon.fail(kept.length);
  }
}

/** Title and detail in a line. */
export function lineOfFailure({ problem }: Failure): string {
  return `${problem.title}. ${visibleName(problem.detail)}`;
}

/** The meaning for the data. */
function meaningOf({ problem, meaning }: Failure): string {
  if (!UNANSWERED.has(problem.code)) return meaning;
  return $localize`The answer of the node did not come: it may have done this, or not. The page shows which, once the node is heard of again.`;
}

/** All facts as text, for those who are asked for help. */
function detailsOf({ text, problem, about = [], at }: KeptFailure): string {
  return [`What: ${text}`, ...about.map((name) => `About: ${name}`), ...problemFacts(problem, at)].join('\n');
}
