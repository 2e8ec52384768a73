import type { IncomingMessage } from 'node:http';
import { DfsError } from '@dfs/runtime';

const ABSOLUTE = /^https?:\/\/([^/?#]*)(.*)$/i;

/**
 * Takes a target in absolute form, which a server must understand (RFC 9112 §3.2.2): the host that it names is the one that
 * counts, whatever `Host` says.
 */
export function takeAbsoluteForm(request: IncomingMessage): void {
  const [, authority, rest = ''] = ABSOLUTE.exec(request.url ?? '') ?? [];
  if (authority === undefined) return;
  request.headers.host = authority;
  request.url = rest.startsWith('/') ? rest : `/${rest}`;
}

/**
 * Refuses a body that is coded in a way that is not undone here (RFC 9112 §6.1).
 * @throws DfsError `not-implemented`
 */
export function refuseTransferCodings({ headers }: IncomingMessage): void {
  const coding = headers['transfer-encoding'];
  if (coding === undefined || /^chunked$/i.test(coding.trim())) return;
  throw new DfsError(
    'not-implemented',
    `Transfer-Encoding ${coding.slice(0, 40)} is not undone here: send the body as it is, by chunked at most.`,
  );
}
