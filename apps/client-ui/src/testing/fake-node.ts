import { HttpTestingController, provideHttpClientTesting } from '@angular/common/http/testing';
import { provideHttpClient, withInterceptors, withXhr, type HttpParams } from '@angular/common/http';
import { provideZonelessChangeDetection, type EnvironmentProviders, type Provider } from '@angular/core';
import { TestBed } from '@angular/core/testing';
import { provideRouter } from '@angular/router';
import { EventStream, Session, apiInterceptor, type EventSocket } from '@dfs/client-data';
import {
  routes,
  type EventMap,
  type EventType,
  type FileInfo,
  type FileList,
  type FolderInfo,
  type NodeInfo,
  type PeerInfo,
  type Summary,
} from '@dfs/contracts';

/** A call is waited for so often: for longer than the console waits until it asks anew, also on a quiet machine. */
const MOST_LOOKS = 6000;
const STREAM = 'stream-of-the-test';

/** The other end of the console in a component test: answers calls, and tells events through the real event stream. */
export class FakeNode {
  readonly #handlers = new Map<string, (payload: never) => void>();
  #seq = 0;
  readonly events = new EventStream({
    open: () => this.#socket(),
    probe: () => Promise.resolve('unreachable' as const),
  });

  /** For `configureTestingModule` or `render`. */
  readonly providers: (Provider | EnvironmentProviders)[] = [
    provideZonelessChangeDetection(),
    provideHttpClient(withXhr(), withInterceptors([apiInterceptor])),
    provideHttpClientTesting(),
    provideRouter([]),
    { provide: EventStream, useValue: this.events },
  ];

  get http(): HttpTestingController {
    return TestBed.inject(HttpTestingController);
  }

  /** Signs the console in and brings the event stream to life. */
  async signIn(told: NodeInfo = node()): Promise<void> {
    await this.connect(told);
    this.goLive();
  }

  /** Signs the console in; its event stream catches up from then on. */
  async connect(told: NodeInfo = node()): Promise<void> {
    const checking = TestBed.inject(Session).check();
    this.answer('GET', routes.node, told);
    await checking;
    this.events.start();
  }

  /** The event stream has caught up. */
  goLive(): void {
    this.#handlers.get('ready')?.({ stream: STREAM, seq: this.#seq } as never);
  }

  /** The files and folders of every list, in the order they are told; null while lists are not answered by themselves. */
  files: FileInfo[] | null = null;
  folders: FolderInfo[] = [];

  /** Answers all calls of a path that are waiting; the number of them. Lists are answered on the way. */
  answer(method: string, url: string, body: unknown, status = 200): number {
    this.answerLists();
    const calls = this.http
      .match((request) => request.method === method && request.url === url)
      .filter((call) => !call.cancelled);
    for (const call of calls) {
      if (status < 300) call.flush(body as object, { status, statusText: 'OK' });
      else call.flush(body as object, { status, statusText: 'Problem' });
    }
    return calls.length;
  }

  /** Answers every list that is waited for, from `files` and `folders`; the questions. */
  answerLists(): HttpParams[] {
    const { files } = this;
    if (files === null) return [];
    const calls = this.http.match((request) => request.method === 'GET' && request.url === routes.files);
    return calls.map((call) => {
      const { params } = call.request;
      const folders = params.has('delimiter') ? this.folders : [];
      const offset = Number(params.get('offset') ?? 0);
      const limit = Number(params.get('limit'));
      const shown = folders.slice(offset, offset + limit);
      const from = Math.max(0, offset - folders.length);
      const list: FileList = {
        items: files.slice(from, from + limit - shown.length),
        folders: shown,
        nextCursor: null,
        total: files.length,
        ...(params.has('delimiter') && { totalFolders: folders.length }),
      };
      if (!call.cancelled) call.flush(list);
      return params;
    });
  }

  /** Waits for a call of a path and answers it. */
  async answerSoon(method: string, url: string, body: unknown, status = 200): Promise<void> {
    for (let tries = 0; tries < MOST_LOOKS; tries++) {
      if (this.answer(method, url, body, status) > 0) return;
      await new Promise((done) => setTimeout(done, 5));
    }
    throw new Error(`nobody called ${method} ${url}`);
  }

  /** An event, numbered unless it is volatile. */
  tell<T extends EventType>(type: T, data: EventMap[T], numbered = true): void {
    const seq = numbered ? ++this.#seq : null;
    this.#handlers.get('event')?.({ stream: STREAM, seq, type, time: new Date().toISOString(), data } as never);
  }

  /** The connection breaks. */
  vanish(): void {
    this.#handlers.get('disconnect')?.('transport close' as never);
  }

  /** The connection is tried again, and is there, once these have told what was missed. */
  comeBack(missed: () => void): void {
    this.events.retryNow();
    missed();
    this.goLive();
  }

  #socket(): EventSocket {
    this.#handlers.clear();
    return {
      on: (event: string, handler: (payload: never) => void) => this.#handlers.set(event, handler),
      disconnect: () => undefined,
    };
  }
}

/** A node as `GET /node` tells of it. */
export function node(more: Partial<NodeInfo> = {}): NodeInfo {
  return {
    peerId: 'peer-self',
    name: 'anna-laptop',
    version: '0.1.0',
    startedAt: '2026-11-22T12:00:00.000Z',
    uptimeSeconds: 3600,
    addresses: [],
    network: { id: 'n', name: 'Studio Nord', members: 3, role: 'owner' },
    storage: { chunks: 1, bytes: 5e9, quotaBytes: 10e9, freeBytes: 20e9 },
    files: { count: 1, bytes: 1 },
    ...more,
  };
}

/** A network with one file, safe or being copied, as `GET /summary` tells of it. */
export function summary({ safe }: { safe: 0 | 1 }): Summary {
  const sum = (files: number) => ({ files, bytes: files * 1234 });
  const none = sum(0);
  return {
    asOf: new Date().toISOString(),
    target: 3,
    files: sum(1),
    promised: {
      ...{ safe: sum(safe), replicating: sum(1 - safe) },
      ...{ pending: none, limited: none, 'at-risk': none, unavailable: none },
    },
    reachable: { enough: sum(safe), fewer: sum(1 - safe), none },
    local: { whole: sum(1), part: none, none },
    conflicts: 0,
    problems: [],
  };
}

/** A file as the API tells of it. */
export function file(path: string, more: Partial<FileInfo> = {}): FileInfo {
  return {
    id: `id-of-${path}`,
    path,
    size: 1234,
    mediaType: 'text/plain',
    contentId: `content-of-${path}`,
    createdAt: '2026-11-22T12:00:00.000Z',
    modifiedAt: '2026-11-22T12:00:00.000Z',
    author: 'peer-self',
    version: `version-of-${path}`,
    deleted: false,
    conflict: false,
    replication: { target: 3, copies: 3, reachable: 3, state: 'safe' },
    local: 'whole',
    ...more,
  };
}

/** A peer as the API tells of it. */
export function peer(name: string, more: Partial<PeerInfo> = {}): PeerInfo {
  return {
    peerId: `peer-${name}`,
    name,
    role: 'member',
    state: 'connected',
    addresses: ['/ip4/127.0.0.1/tcp/4001'],
    latencyMs: 1.5,
    lastSeenAt: '2026-11-22T12:00:00.000Z',
    uptimeSeconds: 60,
    storage: { chunks: 1, bytes: 1e9, quotaBytes: 4e9, freeBytes: 8e9 },
    rates: { receive: 0, send: 0 },
    ...more,
  };
}
