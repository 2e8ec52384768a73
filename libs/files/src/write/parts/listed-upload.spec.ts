import type { ContentPlacement } from '../../ports.js';
import { UploadProgress } from '../upload-progress.js';
import { ListedUpload } from './listed-upload.js';

describe('an upload in parts among the transfers', () => {
  let told: unknown[];
  let bytes: number;
  const listed = (size: number | undefined): ListedUpload => {
    [told, bytes] = [[], 0];
    const transfer = {
      signal: new AbortController().signal,
      progress: (more: number) => void (bytes += more),
      describe: (facts: object) => void told.push(facts),
      finish: () => void told.push('finished'),
      fail: (error: unknown) => void told.push(error),
    };
    const transfers = { track: () => transfer } as unknown as ContentPlacement['transfers'];
    return new ListedUpload(new UploadProgress({ transfers }, 'path', size));
  };

  it('has the bytes that are here and those of all requests at work', () => {
    const upload = listed(2 ** 30);
    const [one, two] = [upload.share(100), upload.share(100)];
    expect(bytes).toBe(100);
    one.arrived(10);
    two.arrived(5);
    expect(bytes).toBe(115);
    one.end(true);
    // Its bytes are here now, as those of the first request are.
    const third = upload.share(100);
    third.arrived(7);
    expect(bytes).toBe(122);
    for (const share of [two, third]) share.end(true);
    upload.share(122).arrived(1);
    expect(bytes).toBe(123);
  });

  it('goes back for nothing: bytes that did not stay count again once they are passed', () => {
    const upload = listed(2 ** 30);
    const lost = upload.share(0);
    lost.arrived(50);
    lost.end(false);
    const again = upload.share(0);
    again.arrived(30);
    expect(bytes).toBe(50);
    again.arrived(60);
    expect(bytes).toBe(60);
    // An end that is told twice counts once.
    again.end(true);
    again.end(true);
    upload.share(60).arrived(0);
    expect(bytes).toBe(60);
  });

  it('is the file in the end, whatever came before', () => {
    const upload = listed(2 ** 30);
    upload.share(0).arrived(50);
    upload.finish({ contentId: 'content', size: 40 });
    expect(told).toEqual([{ contentId: 'content', bytes: 40 }, 'finished']);
  });
});
