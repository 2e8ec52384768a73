import { createHash } from 'node:crypto';
import { openAsBlob } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { appendToUpload, beginUpload, getUpload, type FileInfo, type UploadInfo } from '@dfs/client';
import { asFailure, EXIT, Failure } from '../output/failure.js';
import type { Connection } from '../node/connection.js';
import type { LocalFile } from './local-files.js';

/** So often an upload that does not get further is tried again, after a pause that doubles. */
const ATTEMPTS = 6;
const PAUSE = 500;
const TUS = { 'Tus-Resumable': '1.0.0' } as const;

/**
 * Sends a large file in parts (tus): it goes on by itself where a connection is cut, and a later run goes on with what an
 * earlier one has sent of the same file to the same path. The node keeps the bytes that it has for a week.
 * @param folder where it is noted which uploads have begun
 */
export async function sendInParts(
  node: Connection,
  local: LocalFile,
  path: string,
  folder = join(homedir(), '.local', 'state', 'dfs', 'uploads'),
): Promise<FileInfo> {
  const note = join(folder, noteOf(node, local, path));
  const known = await readFile(note, 'utf8').catch(() => undefined);
  let upload = known === undefined ? undefined : await goingOn(node, known, path);
  if (upload === undefined) {
    upload = { id: await begin(node, local, path), offset: 0 };
    await mkdir(dirname(note), { recursive: true });
    await writeFile(note, upload.id);
  }
  const file = upload.file ?? (await sendRest(node, local, path, upload));
  await rm(note, { force: true });
  return file;
}

type Begun = Pick<UploadInfo, 'id' | 'offset' | 'file'>;

async function sendRest(node: Connection, local: LocalFile, path: string, begun: Begun): Promise<FileInfo> {
  const blob = await openAsBlob(local.file);
  let { offset } = begun;
  for (let attempt = 1; ; attempt++) {
    try {
      const headers = { ...TUS, 'Upload-Offset': offset };
      const how = { client: node.client, path: { uploadId: begun.id }, headers, body: blob.slice(offset) };
      const { data, response } = await node.answer(() => appendToUpload(how), path);
      if (response.status === 200 && data) return data;
      offset = Number(response.headers.get('Upload-Offset'));
    } catch (error) {
      const failure = asFailure(error);
      if (attempt >= ATTEMPTS || !mayPass(failure)) throw error;
      await delay(PAUSE * 2 ** attempt);
      const now = await goingOn(node, begun.id, path);
      // The answer was lost, and the file is there.
      if (now?.file) return now.file;
      if (now === undefined) throw error;
      if (now.offset > offset) attempt = 0;
      offset = now.offset;
    }
  }
}

/** An upload that the node still has; undefined where it has given it up. */
async function goingOn(node: Connection, id: string, path: string): Promise<Begun | undefined> {
  try {
    return await node.read(() => getUpload({ client: node.client, path: { uploadId: id } }), path);
  } catch (error) {
    const { exitCode } = asFailure(error);
    if (exitCode === EXIT.notFound) return undefined;
    throw error;
  }
}

async function begin(node: Connection, { size, mtime, executable }: LocalFile, path: string): Promise<string> {
  const told = { path, mtime: String(mtime), ...(executable && { executable: 'true' }) };
  const metadata = Object.entries(told).map(([name, value]) => `${name} ${Buffer.from(value).toString('base64')}`);
  const headers = { ...TUS, 'Upload-Length': size, 'Upload-Metadata': metadata.join(',') };
  const { response } = await node.answer(() => beginUpload({ client: node.client, headers }), path);
  const id = response.headers.get('Location')?.split('/').at(-1);
  if (id === undefined) throw new Failure(`${path}: the node has begun the upload, and does not say where.`);
  return id;
}

/** One for each file as it is, and where it goes: a file that was changed is sent anew. */
function noteOf({ url }: Connection, { file, size, mtime }: LocalFile, path: string): string {
  const named = [url, path, resolve(file), size, mtime].join('\n');
  return createHash('sha256').update(named).digest('hex').slice(0, 32);
}

/** The connection was cut, the node was started anew, or another connection of ours is not closed there yet. */
function mayPass({ exitCode, code }: Failure): boolean {
  return (
    exitCode === EXIT.unreachable ||
    ['upload-locked', 'offset-mismatch', 'shutting-down', 'not-ready'].includes(code ?? '')
  );
}
