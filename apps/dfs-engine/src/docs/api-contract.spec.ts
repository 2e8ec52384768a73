import { readFileSync } from 'node:fs';
import type { OpenAPIObject } from '@nestjs/swagger';
import { ApiContract } from '../testing/api-contract.suite.js';

const document = JSON.parse(readFileSync(new URL('../../openapi.json', import.meta.url), 'utf8')) as OpenAPIObject;
const contract = new ApiContract(document);
const json = { 'content-type': 'application/json; charset=utf-8' };
const votes = { peerId: 'p', owner: true, votes: 1, needed: 1 };
const faultsOf = (body: object, status = 200, headers: Record<string, string> = json): string[] =>
  contract.faultsOf('POST', '/api/v1/network/owners', { status, headers, text: JSON.stringify(body) });

describe('the check of answers against the document', () => {
  it('takes what is described', () => {
    expect(faultsOf(votes)).toEqual([]);
    expect(contract.faultsOf('HEAD', '/api/v1/node', { status: 200, headers: json, text: '' })).toEqual([]);
    expect(contract.faultsOf('GET', '/nowhere', { status: 404, headers: {}, text: '' })).toEqual([]);
  });

  it('finds a status, header, media type, field or value that is not', () => {
    expect(faultsOf(votes, 418)).toEqual([expect.stringContaining('418')]);
    expect(faultsOf(votes, 200, { ...json, etag: '"x"' })).toEqual(['header etag is not told of']);
    expect(faultsOf(votes, 200, { 'content-type': 'text/plain' })).toEqual([expect.stringContaining('text/plain')]);
    expect(faultsOf({ ...votes, more: 1 })).toEqual([expect.stringContaining('unevaluated')]);
    expect(faultsOf({ ...votes, votes: -1 })).toEqual([expect.stringContaining('/votes')]);
    expect(faultsOf({ peerId: 'p' })).toEqual([expect.stringContaining('required')]);
  });

  it('finds a problem whose code is none of the operation', () => {
    const problem = { type: 'x', title: 'x', detail: 'x', requestId: 'x', retryable: false, status: 404 };
    const headers = { 'content-type': 'application/problem+json' };
    expect(faultsOf({ ...problem, code: 'peer-not-found' }, 404, headers)).toEqual([]);
    expect(faultsOf({ ...problem, code: 'transfer-not-found' }, 404, headers)).toEqual([
      expect.stringContaining('/code'),
    ]);
  });
});
