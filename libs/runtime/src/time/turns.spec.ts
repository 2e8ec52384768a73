import { Turns } from './turns.js';

describe('turns', () => {
  it('others have theirs when the time is over, and not before', async () => {
    let others = 0;
    setImmediate(() => others++);
    const seldom = new Turns(Infinity);
    for (let step = 0; step < 1000; step++) await seldom.next();
    expect([seldom.isDue, others]).toEqual([false, 0]);
    const always = new Turns(0);
    await always.next();
    expect([always.isDue, others]).toEqual([true, 1]);
  });
});
