import { encode, type WireValue } from '../codec/codec.js';
import { DfsError } from '@dfs/runtime';
import { statusMessage, type StatusMessage } from './status-messages.js';

type Form = Record<string, WireValue | undefined>;

/** A field of these that a later status leaves out is not known, rather than as before: the first two are said once. */
const NOT_KEPT: readonly string[] = ['uptime', 'latency', 'proof'];

/**
 * One direction of a stream of statuses. The first is whole; a later one says only what is not as in the one before it,
 * and null where a field is empty again. A heartbeat of a quiet network is some 20 bytes.
 */
export class StatusLine {
  #last: Form | undefined;

  /** The message that says this. The caller sends it, and no other in between. */
  tell(status: StatusMessage): WireValue {
    const last = this.#last;
    const { uptime, latency, ...form } = statusMessage.form(status) as Form;
    this.#last = { uptime: last?.uptime ?? uptime, latency: last?.latency ?? latency, ...form };
    if (!last) return this.#last;
    const changes: Form = {};
    for (const [key, value] of Object.entries(this.#last)) {
      if (isSame(value, last[key])) continue;
      if (value !== undefined) changes[key] = value;
      else if (!NOT_KEPT.includes(key)) changes[key] = null;
    }
    return changes;
  }

  /**
   * The status that was said with this.
   * @throws DfsError `bad-request` naming the field at fault
   */
  hear(header: WireValue): StatusMessage {
    const status = statusMessage.parse(this.#last ? this.#whole(this.#last, header) : header, 'status');
    this.#last = statusMessage.form(status) as Form;
    return status;
  }

  #whole(last: Form, header: WireValue): WireValue {
    if (typeof header !== 'object' || header === null || Array.isArray(header) || header instanceof Uint8Array) {
      throw new DfsError('bad-request', 'The message is malformed: status is not a map.');
    }
    const whole: Form = { ...last };
    for (const key of NOT_KEPT) whole[key] = undefined;
    for (const [key, value] of Object.entries(header as Form)) {
      if (Object.hasOwn(whole, key)) whole[key] = value ?? undefined;
    }
    return whole;
  }
}

function isSame(a: WireValue | undefined, b: WireValue | undefined): boolean {
  return a === b || (a !== undefined && b !== undefined && Buffer.compare(encode(a), encode(b)) === 0);
}
