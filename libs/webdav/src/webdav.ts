import type { Request, Response } from 'express';
import { callerOf, type Files } from '@dfs/files';
import { basePathOf, DfsError, systemTimers, type Timers } from '@dfs/runtime';
import { requestAddress } from './http/address.js';
import { answer, lockFacts, requireConditions, type Call } from './http/call.js';
import { refuseBody } from './http/read-xml.js';
import { Locks } from './locks/locks.js';
import { get } from './methods/get.js';
import { lock, unlock } from './methods/lock.js';
import { mkcol } from './methods/mkcol.js';
import { propfind } from './methods/propfind.js';
import { proppatch } from './methods/proppatch.js';
import { put } from './methods/put.js';
import { relocate } from './methods/relocate.js';
import { remove } from './methods/remove.js';
import type { Room, Surroundings } from './properties/live.js';
import { Resources } from './read/resources.js';

/** The parts that the front is made of. */
export interface WebDavComponents {
  files: Files;
  /** Room for more files on this node. */
  room(): Room;
  /** By which locks end; those of the process when left out. */
  timers?: Timers;
}

/** Methods that change something look at the header `If` first; to a read it says nothing. */
const READS = new Set(['OPTIONS', 'GET', 'HEAD', 'PROPFIND']);

/** Files of the network over WebDAV, class 1 and 2: a verb each, a file for every verb. */
export class WebDav {
  private readonly locks: Locks;
  private readonly resources: Resources;
  private readonly timers: Timers;

  private readonly verbs: Readonly<Record<string, (call: Call) => Promise<void> | void>> = {
    OPTIONS: (call) => this.options(call),
    GET: (call) => get(call, this.parts.files, this.resources),
    HEAD: (call) => get(call, this.parts.files, this.resources),
    PROPFIND: (call) => propfind(call, this.resources, this.around(call)),
    PROPPATCH: (call) => proppatch(call, this.changing()),
    MKCOL: (call) => mkcol(call, this.changing()),
    PUT: (call) => put(call, this.changing()),
    DELETE: (call) => remove(call, this.changing(), this.timers),
    COPY: (call) => relocate('copy', call, { ...this.changing(), timers: this.timers }),
    MOVE: (call) => relocate('move', call, { ...this.changing(), timers: this.timers }),
    LOCK: (call) => lock(call, this.changing(), this.around(call)),
    UNLOCK: (call) => unlock(call, this.locks),
  };

  constructor(private readonly parts: WebDavComponents) {
    this.timers = parts.timers ?? systemTimers;
    this.locks = new Locks(this.timers);
    this.resources = new Resources(parts.files);
  }

  /** Answers a request below `/dav`. @throws DfsError of any kind, as long as nothing was sent */
  async handle(request: Request, response: Response): Promise<void> {
    const address = requestAddress(request);
    const verb = this.verbs[request.method];
    response.setHeader('DAV', '1, 2');
    response.setHeader('Cache-Control', 'no-store');
    if (verb === undefined) {
      response.setHeader('Allow', this.allowed());
      throw new DfsError('method-not-allowed', `WebDAV of this node takes ${this.allowed()}.`);
    }
    const caller = callerOf(request);
    const call = { request, response, caller, address, base: basePathOf(request) };
    const whole: Call = { ...call, ...lockFacts(call) };
    if (!READS.has(request.method)) await requireConditions(whole, this.resources, this.locks);
    await verb(whole);
  }

  private options({ request, response }: Call): void {
    refuseBody(request);
    response.setHeader('Allow', this.allowed());
    // Windows tries other protocols first where it is not told.
    response.setHeader('MS-Author-Via', 'DAV');
    response.setHeader('Accept-Ranges', 'bytes');
    answer(response, 200);
  }

  private allowed(): string {
    return Object.keys(this.verbs).join(', ');
  }

  private changing() {
    return { files: this.parts.files, resources: this.resources, locks: this.locks };
  }

  private around({ caller, base }: Call): Surroundings {
    return {
      base,
      locksOf: (path) => this.locks.covering(path).filter(({ path: root }) => `${root}/`.startsWith(caller.prefix)),
      timeLeft: (one) => this.locks.timeLeft(one),
      isOwn: ({ key }) => key === caller.key,
      room: () => this.parts.room(),
    };
  }
}
