import { readFile } from 'node:fs/promises';
import { createSecureContext } from 'node:tls';
import { DfsError } from '@dfs/runtime';
import type { Config } from '../config.js';

/** The certificate that the node shows to browsers, and the key that proves it. */
export interface TlsFiles {
  cert: Buffer;
  key: Buffer;
}

/** Reads certificate and key, where there are some. @throws DfsError `not-ready` with what is wrong with them */
export async function loadTls({ tls }: Pick<Config, 'tls'>): Promise<TlsFiles | undefined> {
  if (!tls) return undefined;
  const cert = await read('DFS_TLS_CERT', tls.certFile);
  const key = await read('DFS_TLS_KEY', tls.keyFile);
  try {
    createSecureContext({ cert, key });
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    const detail = `The certificate in DFS_TLS_CERT and the key in DFS_TLS_KEY cannot be used together (${why}): both must be PEM, and belong to each other.`;
    throw new DfsError('not-ready', detail, { cause });
  }
  return { cert, key };
}

async function read(variable: string, file: string): Promise<Buffer> {
  return readFile(file).catch((cause: NodeJS.ErrnoException) => {
    throw new DfsError(
      'not-ready',
      `${variable}: ${file} cannot be read (${cause.code}): check its path and who may read it.`,
      { cause },
    );
  });
}
