import { DfsError, abortError, isDfsError } from '@dfs/runtime';

/** The meaning of an error of libp2p, of Node or of an AbortSignal to our callers. */
export function mapError(error: unknown, signal?: AbortSignal): DfsError {
  if (isDfsError(error)) return error;
  if (signal?.aborted) return abortError(signal);
  const { name, message } = describe(error);
  switch (name) {
    case 'InvalidPeerIdError':
      return selfDial(error);
    case 'UnsupportedProtocolError':
      return new DfsError(
        'peer-misbehaved',
        'The peer does not speak this protocol: it may run another version of DFS.',
        { cause: error },
      );
    case 'TooManyOutboundProtocolStreamsError':
      return new DfsError('too-many-requests', 'Too many requests to that peer are under way.', { cause: error });
    case 'DialDeniedError':
    case 'ConnectionInterceptedError':
      return notAMember(error);
    default:
      return new DfsError('peer-unreachable', explain(message), { cause: error });
  }
}

/** The error of opening to, or dialling, someone outside the network. */
export function notAMember(cause?: unknown): DfsError {
  return new DfsError('not-a-member', 'That node is not a member of this network.', { cause });
}

/** `invalid-address` for an address that leads back to this node. */
export function selfDial(cause?: unknown): DfsError {
  const detail = 'This is the address of this node itself.';
  return new DfsError('invalid-address', detail, { cause, errors: [{ field: 'address', detail }] });
}

/** The error of a start that cannot listen at the address and port it was told. */
export function listenFailed(cause: unknown, host: string | undefined, port: number | undefined): DfsError {
  const code = /\bE[A-Z]{4,}\b/.exec(describe(cause).message)?.[0] ?? 'unknown error';
  const advice =
    code === 'EADDRINUSE'
      ? `Port ${port} is already in use (${code} ${host}:${port}): stop the other program, or choose another DFS_P2P_PORT.`
      : `Listening for other nodes at ${host}:${port} failed (${code}): check DFS_P2P_HOST and DFS_P2P_PORT.`;
  // libp2p's own message is meant for programmers.
  return new DfsError('not-ready', advice, { cause: new Error(`${code} ${host}:${port}`) });
}

function describe(error: unknown): { name: string; message: string } {
  // Several addresses failed: the first says most.
  if (error instanceof AggregateError && error.errors.length > 0) return describe(error.errors[0]);
  // Errors of Node's own modules need not be instances of our Error where realms differ (jest), so by shape.
  const { name = '', message = '' } = (error ?? {}) as { name?: string; message?: string };
  return { name, message };
}

function explain(message: string): string {
  if (/unexpected peer/i.test(message))
    return 'Another node answers at that address: its peer id is not the expected one.';
  if (message.includes('ECONNREFUSED'))
    return 'Nothing listens at that address: is the node running, and is the port right?';
  if (/ENOTFOUND|EAI_AGAIN/.test(message)) return 'That host name cannot be found.';
  if (/EHOSTUNREACH|ENETUNREACH/.test(message)) return 'There is no way to that address from here.';
  if (/timeout|timed out|aborted/i.test(message)) return 'The peer did not answer in time.';
  if (/no valid addresses/i.test(message)) return 'No address of that peer is known.';
  return 'The peer cannot be reached.';
}
