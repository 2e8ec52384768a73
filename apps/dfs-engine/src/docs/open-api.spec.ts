import 'reflect-metadata';
import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { startTestNode, type TestNode } from '../testing/running-node.suite.js';
import { describeApi, openApi } from './open-api.js';

const DOCUMENT = fileURLToPath(new URL('../../openapi.json', import.meta.url));

describe('the OpenAPI document', () => {
  let test: TestNode;
  beforeAll(async () => (test = await startTestNode()));
  afterAll(() => test.remove());

  it('says everything of every operation and every schema', () => {
    expect(describeApi(test.node.app).gaps).toEqual([]);
  });

  it('is fresh in the tree', async () => {
    const made = JSON.stringify(openApi(test.node.app), null, 2);
    // UPDATE_OPENAPI=1 writes it anew; Prettier gives it its form.
    // eslint-disable-next-line no-restricted-properties -- a switch of this spec, not of the engine
    if (process.env['UPDATE_OPENAPI']) await writeFile(DOCUMENT, made);
    expect(JSON.parse(await readFile(DOCUMENT, 'utf8'))).toEqual(JSON.parse(made));
  });
});
