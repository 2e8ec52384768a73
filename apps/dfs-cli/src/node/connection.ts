import { DfsClient, DfsProblem, type Client } from '@dfs/client';
import { EXIT, Failure, refusal } from '../output/failure.js';
import type { NodeAddress } from './find-node.js';

/** How often a request that only asks is repeated where the node does not answer or is busy. */
const ATTEMPTS = 4;
const PAUSE = 500;

/** The answer of a generated operation. */
interface Answer<T> {
  data?: T;
  error?: unknown;
  response?: Response;
}

/** One node, spoken to through the generated client. */
export class Connection {
  /** Contents and pages. */
  readonly dfs: DfsClient;

  constructor(private readonly address: NodeAddress) {
    this.dfs = new DfsClient(address);
  }

  /** For the functions of all other operations. */
  get client(): Client {
    return this.dfs.client;
  }

  get url(): string {
    return this.address.url;
  }

  /** Of a node on this machine that was found by it. */
  get dataDir(): string | undefined {
    return this.address.dataDir;
  }

  /** Whether paths of this machine are paths of the node too. */
  get isLocal(): boolean {
    return this.dataDir !== undefined;
  }

  /**
   * The answer to a call of the client.
   * @param what what is asked for, named where the node refuses
   * @throws Failure with the node's own words
   */
  async call<T>(call: () => Promise<T>, what?: string): Promise<T> {
    try {
      return await call();
    } catch (error) {
      throw this.failure(error, what);
    }
  }

  /** The body of an operation's answer. @throws Failure as `call` */
  async ask<T>(operation: () => Promise<Answer<T>>, what?: string): Promise<T> {
    return (await this.answer(operation, what)).data;
  }

  /** The same with the answer's status and headers. */
  async answer<T>(operation: () => Promise<Answer<T>>, what?: string): Promise<{ data: T; response: Response }> {
    const { data, error, response } = await this.call(operation, what);
    if (response?.ok) return { data: data as T, response };
    throw this.failure(error, what);
  }

  private failure(error: unknown, what: string | undefined): Failure {
    if (error instanceof Failure) return error;
    if (error instanceof DfsProblem) {
      if (error.problem) return refusal(error.problem, what);
      return new Failure(
        `${this.url} answered ${error.status}, and not as a DFS node does: check the address.`,
        EXIT.unreachable,
      );
    }
    if (error instanceof Error && error.name === 'AbortError') return new Failure('Interrupted.', EXIT.interrupted);
    return unreachable(this.url, error);
  }

  /** Repeats what changes nothing while the node does not answer or says that it may be asked again. */
  async read<T>(operation: () => Promise<Answer<T>>, what?: string): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.ask(operation, what);
      } catch (error) {
        const failure = error as Failure;
        const mayPass = failure.code === 'too-many-requests' || failure.code === 'not-ready';
        if (attempt === ATTEMPTS || !mayPass) throw error;
        await new Promise((resolve) => setTimeout(resolve, PAUSE * 2 ** attempt));
      }
    }
  }
}

function unreachable(url: string, error: unknown): Failure {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const code = (cause as NodeJS.ErrnoException | undefined)?.code;
  // A file that changed while it was sent is no fault of the node.
  if (cause instanceof Error && cause.name === 'NotReadableError') {
    return new Failure('The file was changed or removed while it was read: send it again.');
  }
  const reason = code === undefined ? (cause instanceof Error ? cause.message : String(cause)) : code;
  return new Failure(
    `The node at ${url} does not answer (${reason}): check that it runs, and that the address is right.`,
    EXIT.unreachable,
  );
}
