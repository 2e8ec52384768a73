import { Injectable, type CallHandler, type ExecutionContext, type NestInterceptor } from '@nestjs/common';
import type { Request } from 'express';
import { map, type Observable } from 'rxjs';
import { API_PREFIX, type AnyEvent, type EventPage } from '@dfs/contracts';
import { callerOf, sees, type Caller } from '@dfs/files';
import { normalisePath } from '@dfs/protocol';
import { DfsError } from '@dfs/runtime';
import { isDavPath } from '@dfs/webdav';
import { viewOf } from '../access/event-view.js';
import { isOfS3 } from '../access/scopes.js';

/** The path of a file that is or was there. */
export type PathOfFile = (fileId: string) => Promise<string | undefined>;

/**
 * The requests that a key with a prefix may make; everything else is 404 for it, what comes to the API later too. Of what is
 * here the paths, prefixes and file ids are looked at, wherever they stand in address, query and body.
 */
const VISIBLE: readonly (readonly [methods: RegExp, path: RegExp])[] = [
  [/^(GET|HEAD|POST)$/, /^\/files$/],
  [/^(GET|HEAD|PUT|DELETE)$/, /^\/files\/content$/],
  [/^POST$/, /^\/files\/(batch|lookup|archive)$/],
  // An address for one use: its maker has been looked at.
  [/^(GET|HEAD)$/, /^\/archives\/[^/]+$/],
  [/^(GET|HEAD|DELETE)$/, /^\/files\/[^/]+$/],
  [/^(GET|HEAD)$/, /^\/files\/[^/]+\/(content|versions|chunks|thumbnail)$/],
  [/^POST$/, /^\/files\/[^/]+\/(restore|choose|move|copy|verify|repair|keep|free)$/],
  [/^(PUT|DELETE)$/, /^\/folders$/],
  [/^POST$/, /^\/folders\/(move|copy|restore)$/],
  [/^(GET|HEAD)$/, /^\/events(\/stream)?$/],
  // Its sums end where the key does.
  [/^(GET|HEAD)$/, /^\/summary$/],
  // Those of the key alone.
  [/^(GET|HEAD)$/, /^\/transfers$/],
  [/^DELETE$/, /^\/transfers\/[^/]+$/],
  // These too, and their paths are looked at where they are read.
  [/^(GET|HEAD|OPTIONS|POST|PATCH|DELETE)$/, /^\/uploads(\/[^/]+(\/finish)?)?$/],
];
const LISTS = /^\/files$/;
const FOLDERS = /^\/folders(\/|$)/;

/** A key with a prefix sees a network that ends there: for it nothing else exists. */
@Injectable()
export class KeyViewInterceptor implements NestInterceptor {
  constructor(private readonly pathOfFile: PathOfFile) {}

  async intercept(context: ExecutionContext, next: CallHandler): Promise<Observable<unknown>> {
    if (context.getType() !== 'http') return next.handle();
    const request = context.switchToHttp().getRequest<Request>();
    const caller = callerOf(request);
    // WebDAV and S3 name paths in their own ways, and look at them where they read them.
    if (caller.prefix === '' || isDavPath(request.path) || isOfS3(request.path)) return next.handle();
    const path = request.path.toLowerCase().replace(/\/$/, '');
    const below = path.startsWith(API_PREFIX) ? path.slice(API_PREFIX.length) : '';
    if (!VISIBLE.some(([methods, paths]) => methods.test(request.method) && paths.test(below))) {
      throw new DfsError('not-found', 'There is nothing at this address for the key that asks.');
    }
    await this.checkNamed(request, caller, below);
    return next
      .handle()
      .pipe(map((answer) => (below === '/events' ? seenEvents(caller, answer) : masked(caller, answer))));
  }

  private async checkNamed(request: Request, caller: Caller, below: string): Promise<void> {
    const named = namedBy(request);
    const isFolder = FOLDERS.test(below);
    for (const path of named.paths) {
      if (!sees(caller, isFolder ? `${normal(path).replace(/\/$/, '')}/` : normal(path))) throw noSuchFile();
    }
    for (const id of named.ids) {
      const path = await this.pathOfFile(id);
      if (path === undefined || !sees(caller, path)) throw noSuchFile();
    }
    if (LISTS.test(below) && request.method !== 'POST') narrow(request, caller);
    for (const part of [objectOf(request.body), objectOf(objectOf(request.body)['filter'])]) {
      if ('prefix' in part) part['prefix'] = narrowed(part['prefix'], caller);
    }
    if ('filter' in objectOf(request.body)) {
      const filter = objectOf(objectOf(request.body)['filter']);
      filter['prefix'] ??= caller.prefix;
    }
  }
}

/** The parts of a request that name files. A request of another shape is left to validation. */
function namedBy({ params, query, body }: Request): { ids: string[]; paths: string[] } {
  const fields = objectOf(body);
  const items = [fields['items']].flat().map(objectOf);
  const ids = [params['fileId'], ...items.map(({ id }) => id), ...[fields['fileIds']].flat()];
  const paths = [
    ...[query['path'], query['to'], fields['path'], fields['to'], objectOf(fields['filter'])['path']],
    ...[fields['paths']].flat(),
    ...items.flatMap(({ path, to }) => [path, to]),
    ...Object.values(objectOf(fields['others'])),
  ];
  return { ids: ids.filter(isText), paths: paths.filter(isText) };
}

/** The list ends where the key does. */
function narrow(request: Request, caller: Caller): void {
  const query = { ...request.query };
  query['prefix'] = narrowed(query['prefix'], caller) as string;
  Object.defineProperty(request, 'query', { value: query, configurable: true });
}

function narrowed(prefix: unknown, caller: Caller): unknown {
  if (prefix === undefined) return caller.prefix;
  if (!isText(prefix)) return prefix;
  const asked = prefix.normalize('NFC');
  if (asked.startsWith(caller.prefix)) return asked;
  if (caller.prefix.startsWith(asked)) return caller.prefix;
  throw noSuchFile();
}

/** A path that can be none is refused for that, later. */
function normal(path: string): string {
  try {
    return normalisePath(path);
  } catch {
    return path;
  }
}

/** Where a file was moved from is told only where the key sees that. */
function masked(caller: Caller, answer: unknown): unknown {
  if (Array.isArray(answer)) return answer.map((item) => masked(caller, item));
  if (typeof answer !== 'object' || answer === null || Object.getPrototypeOf(answer) !== Object.prototype)
    return answer;
  return Object.fromEntries(
    Object.entries(answer).map(([key, value]) => {
      const isHidden = key === 'from' && isText(value) && !sees(caller, value);
      return [key, isHidden ? null : masked(caller, value)];
    }),
  );
}

function seenEvents(caller: Caller, answer: unknown): EventPage {
  const page = answer as EventPage;
  const view = viewOf(caller);
  const seen = page.items.map((event) => (view ? view(event) : event));
  return { ...page, items: seen.filter((event): event is AnyEvent => event !== undefined) };
}

function objectOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}

function noSuchFile(): DfsError {
  return new DfsError('file-not-found', 'There is no such file or path for the key that asks.');
}
