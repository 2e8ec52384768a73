import { Writable } from 'node:stream';
import { flushed } from './flush.js';

describe('what a command has written', () => {
  it('is out before the end, on a stream that takes its time', async () => {
    const out: string[] = [];
    const slow = new Writable({
      write(chunk: Buffer, _encoding, done) {
        setImmediate(() => {
          out.push(chunk.toString());
          done();
        });
      },
    });
    slow.write('one');
    slow.write('two');
    expect(out).toEqual([]);
    await flushed(slow);
    expect(out.join('')).toBe('onetwo');
  });

  it('is not waited for where the reader is gone', async () => {
    const stuck = new Writable({ write: () => undefined });
    stuck.write('never out');
    const done = flushed(stuck);
    stuck.destroy();
    await done;
    await flushed(stuck);
  });
});
