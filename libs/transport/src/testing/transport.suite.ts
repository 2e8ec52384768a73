import { channelSuite } from './channel.suite.js';
import { connectionsSuite } from './connections.suite.js';
import { suiteContext, type TransportForm } from './suite-context.js';

/** The behaviour of every form of Transport. `start` is called once a test. */
export function transportSuite(name: string, start: () => Promise<TransportForm>): void {
  describe(`${name} as a transport`, () => {
    const context = suiteContext(start);
    channelSuite(context);
    connectionsSuite(context);
  });
}
