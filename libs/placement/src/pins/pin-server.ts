import { packPins, pinsFrame, type PinsRequest, type PromiseRequest } from '@dfs/protocol';
import type { Log } from '@dfs/runtime';
import type { PinAnswers } from '@dfs/transfer';
import type { Channel } from '@dfs/transport';
import type { PinLog } from './pin-log.js';
import type { Promises } from './promises.js';

/** The log that others read, and the promises that they ask for. */
export interface PinServerComponents {
  pins: PinLog;
  promises: Promises;
  log: Log;
}

/** Tells askers what this node promises, and promises what they ask for. */
export class PinServer implements PinAnswers {
  constructor(private readonly components: PinServerComponents) {}

  /** From the entry the asker knows on, or all where it knows those of another log. */
  async pins(channel: Channel, request: PinsRequest): Promise<void> {
    const { pins, log } = this.components;
    const same = request.nonce !== null && Buffer.compare(request.nonce, pins.nonce) === 0;
    if (same && request.after > pins.number) {
      log.warn({ peerId: channel.peerId }, 'a peer knows more of my pins than I do: the pin log starts anew');
      await pins.startAnew();
    }
    const { nonce } = pins;
    for (let after = same && request.after <= pins.number ? request.after : 0; ;) {
      const page = await pins.page(after);
      await channel.send(pinsFrame.form({ nonce, after, to: page.to }) ?? null, packPins(page.pins));
      if (page.last) return;
      after = page.to;
    }
  }

  promise(channel: Channel, request: PromiseRequest): Promise<void> {
    return this.components.promises.answer(channel, request);
  }
}
