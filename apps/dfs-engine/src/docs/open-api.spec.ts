import 'reflect-metadata';
import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { Parser } from '@asyncapi/parser';
import { createConfig, lintFromString } from '@redocly/openapi-core';
import { DURABLE_EVENTS, VOLATILE_EVENTS } from '@dfs/contracts';
import { startTestNode, type TestNode } from '../testing/running-node.suite.js';
import { asyncApi } from './async-api.js';
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

  it('has nothing that Redocly, strictly, would say', async () => {
    const config = await createConfig({ extends: ['recommended-strict'] });
    const problems = await lintFromString({ source: JSON.stringify(openApi(test.node.app)), config });
    expect(problems.map(({ ruleId, message, location }) => [ruleId, message, location[0]?.pointer])).toEqual([]);
  });

  it('shares the schemas of events with AsyncAPI, of which its parser has nothing to say', async () => {
    const made = asyncApi(describeApi(test.node.app).schemas);
    const { document, diagnostics } = await new Parser().parse(JSON.stringify(made));
    expect(diagnostics.map(({ code, message, path }) => [code, message, path.join('.')])).toEqual([]);
    const names = document?.allMessages().map((message) => message.title());
    expect(names?.sort()).toEqual([...DURABLE_EVENTS, ...VOLATILE_EVENTS, 'position', 'ready', 'resync'].sort());
  });
});
