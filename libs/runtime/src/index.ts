/**
 * The ground of every layer while it runs: the clock and the log, the one error class and its forms for peers and
 * clients, units, signals and deadlines, timers and recurring work, listeners, slots, pacing; what differs between platforms.
 * Guarantees: no listener that throws disturbs another; whatever waits here ends when its signal aborts.
 * Does not: know peers or databases, nor what is in a file. Imports contracts alone. Units: bytes, milliseconds.
 */
export { silentLog, systemClock, type Clock, type Log, type Unsubscribe } from './ambient.js';
export { bufferOf, copyBytes } from './copy-bytes.js';
export { Deadline } from './deadline.js';
export {
  abortError,
  DfsError,
  fromWireError,
  isDfsError,
  toWireError,
  type DfsErrorOptions,
  type WireError,
} from './errors.js';
export { Listeners } from './listeners.js';
export { firstOf, Oldest, pages } from './pages.js';
export { DurableFolder, isOpenToOthers, moveFile, syncFolder, type Platform } from './platform/files.js';
export { foldsCase, portableName } from './platform/names.js';
export { endSignals, passedSignals } from './platform/signals.js';
export { answerAtBase, basePathOf, invalidField, toProblem, unexpected, type ProblemContext } from './problem.js';
export { SettleTimer } from './settle-timer.js';
export { pause, stopping, withTimeout } from './signals.js';
export { Recurring, type Ran, type RecurringOptions, type Work, type WorkStatus } from './recurring.js';
export { RunningTime } from './time/running-time.js';
export { SleepWatch, type SleepWatchParts } from './time/sleep-watch.js';
export { Slots, type SlotOptions, type SlotsRule, type Taken } from './slots.js';
export { systemTimers, type Timers } from './time/timers.js';
export { Turns } from './time/turns.js';
export { TokenBucket } from './token-bucket.js';
export { day, GiB, hour, KiB, MiB, millisecond, minute, second } from './units.js';
export { VirtualTime } from './time/virtual-time.js';
