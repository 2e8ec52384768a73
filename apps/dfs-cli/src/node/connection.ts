import { createClient, type Client } from '@dfs/client';
import { EXIT, Failure, refusal, type NodeProblem } from '../output/failure.js';
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
  readonly client: Client;

  constructor(private readonly address: NodeAddress) {
    this.client = createClient({
      baseUrl: address.url.replace(/\/$/, ''),
      auth: () => address.key,
      headers: { accept: 'application/json' },
    });
  }

  get url(): string {
    return this.address.url;
  }

  /**
   * The result of an operation.
   * @param what what is asked for, named where the node refuses
   * @throws Failure with the node's own words
   */
  async ask<T>(operation: () => Promise<Answer<T>>, what?: string): Promise<T> {
    return (await this.answer(operation, what)).data;
  }

  /** The same with the answer's status and headers. */
  async answer<T>(operation: () => Promise<Answer<T>>, what?: string): Promise<{ data: T; response: Response }> {
    const { data, error, response } = await operation().catch((error: unknown) => ({
      data: undefined,
      error,
      response: undefined,
    }));
    if (response?.ok) return { data: data as T, response };
    if (isProblem(error)) throw refusal(error, what);
    if (response !== undefined) {
      throw new Failure(
        `${this.url} answered ${response.status}, and not as a DFS node does: check the address.`,
        EXIT.unreachable,
      );
    }
    if (isAbort(error)) throw new Failure('Interrupted.', EXIT.interrupted);
    throw unreachable(this.url, error);
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

function isProblem(error: unknown): error is NodeProblem {
  return typeof error === 'object' && error !== null && 'code' in error && 'detail' in error && 'status' in error;
}

function isAbort(error: unknown): boolean {
  return error instanceof Error && error.name === 'AbortError';
}
