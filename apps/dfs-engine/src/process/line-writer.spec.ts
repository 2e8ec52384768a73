import { LineWriter } from './line-writer.js';

describe('a log that cannot always be written', () => {
  let out = '';
  let failure: string | undefined;
  let room = Infinity;
  const write = (bytes: Uint8Array): number => {
    if (failure) throw Object.assign(new Error(failure), { code: failure });
    const taken = Math.min(bytes.length, room);
    if (taken === 0) throw Object.assign(new Error('ENOSPC'), { code: 'ENOSPC' });
    room -= taken;
    out += Buffer.from(bytes.subarray(0, taken)).toString();
    return taken;
  };
  const lines = (): Record<string, unknown>[] =>
    out.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as Record<string, unknown>]));
  let log: LineWriter;
  beforeEach(() => {
    [out, failure, room] = ['', undefined, Infinity];
    log = new LineWriter({ write, clock: { now: () => 5 } });
  });

  it.each(['ENOSPC', 'EIO', 'EDQUOT', 'EPIPE', 'EBADF', 'EAGAIN'])(
    'drops and counts lines while it gets %s',
    (code) => {
      log.write('{"n":1}\n');
      failure = code;
      for (let n = 2; n < 100; n++) log.write(`{"n":${n}}\n`);
      failure = undefined;
      log.write('{"n":100}\n');
      log.write('{"n":101}\n');
      expect(lines()).toEqual([
        { n: 1 },
        { level: 40, time: 5, dropped: 98, msg: '98 lines of the log could not be written here, and were dropped' },
        { n: 100 },
        { n: 101 },
      ]);
    },
  );

  it('ends a line that was cut before the next one', () => {
    room = 4;
    log.write('{"n":1}\n');
    room = Infinity;
    log.write('{"n":2}\n');
    const [cut, account, last] = out.trim().split('\n');
    expect(cut).toBe('{"n"');
    expect(JSON.parse(account!)).toMatchObject({ dropped: 1 });
    expect(last).toBe('{"n":2}');
  });

  it('goes on where a reader is only slow', () => {
    let turn = 0;
    log = new LineWriter({
      write: (bytes) => {
        if (turn++ % 2 === 0) throw Object.assign(new Error('EAGAIN'), { code: 'EAGAIN' });
        return write(bytes.subarray(0, 3));
      },
    });
    log.write('{"n":1}\n');
    log.write('{"n":2}\n');
    expect(lines()).toEqual([{ n: 1 }, { n: 2 }]);
  });
});
