import { jest } from '@jest/globals';
import { TestBed } from '@angular/core/testing';
import type { ApiProblem } from '@dfs/client-data';
import type { TransferInfo } from '@dfs/contracts';
import { FakeNode } from '../../../testing/fake-node.js';
import { BegunDownloads } from './begun-downloads.js';

const transfer = (id: string, more: Partial<TransferInfo> = {}): TransferInfo => ({
  ...{ id, kind: 'download', state: 'running', path: 'a/film.bin', contentId: 'c', bytes: 1000, verifiedBytes: 0 },
  ...{ rate: 0, sources: [], startedAt: new Date(0).toISOString(), finishedAt: null },
  ...more,
});
const failed = (id: string, more: Partial<TransferInfo> = {}) =>
  transfer(id, { state: 'failed', error: { code: 'content-unavailable', detail: 'No holder.' }, ...more });

describe('downloads that this page has begun', () => {
  let fake: FakeNode;
  let begun: BegunDownloads;
  let told: string[];

  beforeEach(async () => {
    fake = new FakeNode();
    TestBed.configureTestingModule({ providers: fake.providers });
    await fake.signIn();
    begun = TestBed.inject(BegunDownloads);
    told = [];
  });
  afterEach(() => fake.events.stop());

  const watch = (path: string, bytes: number) =>
    begun.watch({
      path,
      bytes,
      cutOff: ({ code, detail }: ApiProblem, at) => told.push(`${path}: ${code}, ${detail} ${at}`),
    });
  const runs = (...transfers: TransferInfo[]) => fake.tell('transfer.progress', { transfers }, false);
  const fails = (one: TransferInfo) => fake.tell('transfer.failed', { transfer: one });

  it('are told where they are cut off, once; a zip by its folder, with the file at which it ended', () => {
    watch('a/film.bin', 1000);
    watch('a/', 1234);
    fails(failed('zip', { bytes: 1234 }));
    fails(failed('file'));
    fails(failed('again'));
    expect(told).toEqual([
      'a/: content-unavailable, No holder. a/film.bin',
      'a/film.bin: content-unavailable, No holder. a/film.bin',
    ]);
  });

  it('are not taken for those of others: of another path, another size, or another kind, or begun much later', () => {
    watch('a/film.bin', 1000);
    fails(failed('elsewhere', { path: 'b/film.bin' }));
    fails(failed('a part', { bytes: 10 }));
    fails(failed('a copy', { kind: 'replication' }));
    const now = Date.now();
    jest.spyOn(Date, 'now').mockReturnValue(now + 61_000);
    fails(failed('late'));
    expect(told).toEqual([]);
  });

  it('are known by what the node first told of them, however long they take', () => {
    watch('a/film.bin', 1000);
    runs(transfer('this'));
    const now = Date.now();
    jest.spyOn(Date, 'now').mockReturnValue(now + 3_600_000);
    fails(failed('another'));
    expect(told).toEqual([]);
    fails(failed('this', { path: null }));
    expect(told).toHaveLength(1);
  });

  it('that have ended are forgotten', () => {
    watch('a/film.bin', 1000);
    fake.tell('transfer.finished', { transfer: transfer('this', { state: 'finished' }) });
    fails(failed('another'));
    expect(told).toEqual([]);
  });

  afterEach(() => jest.restoreAllMocks());
});
