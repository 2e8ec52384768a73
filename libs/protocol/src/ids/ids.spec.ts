import fc from 'fast-check';
import { ERROR_STATUS, type ErrorCode } from '@dfs/contracts';
import {
  cidCodec,
  cidFromBytes,
  cidOf,
  cidToBytes,
  EMPTY_CONTENT,
  isCid,
  isManifestCid,
  MANIFEST_CODEC,
} from './cid.js';
import { abortError, DfsError, fromWireError, toWireError } from '@dfs/runtime';
import { normalisePeerId, peerIdFromBytes, peerIdToBytes, signerFromRaw, verifySignature } from './keys.js';
import { fileIdOf, isNormalPath, normalisePath } from './paths.js';

describe('content ids', () => {
  it('are pinned', () => {
    expect(EMPTY_CONTENT).toBe('bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku');
    expect(cidOf(Buffer.from('hello'))).toBe('bafkreibm6jg3ux5qumhcn2b3flc3tyu6dmlb4xa7u5bf44yegnrjhc4yeq');
    expect(cidOf(Buffer.from('hi'), MANIFEST_CODEC)).toBe(
      'bah2zxqabciqi6q2dizsi624w36e53kibyulwwefg3a4wdxj4dleiwwns3qzhvja',
    );
  });

  it('tell a chunk from a manifest, and pass through their binary form', () => {
    fc.assert(
      fc.property(fc.uint8Array(), fc.boolean(), (bytes, manifest) => {
        const id = cidOf(bytes, manifest ? MANIFEST_CODEC : undefined);
        expect(isManifestCid(id)).toBe(manifest);
        expect(cidFromBytes(cidToBytes(id))).toBe(id);
        expect(isCid(id)).toBe(true);
        expect(cidCodec(id)).toBe(manifest ? MANIFEST_CODEC : 0x55);
      }),
    );
  });

  it.each([
    '',
    'nonsense',
    'QmdfTbBqBPQ7VNxZEYEj14VmRuZBkqFbiwReogJgS1zR1n',
    'bafybeigdyrzt5sfp7udm7hu76uh7y26nf3efuylqabf3oclgtqy55fbzdi',
    EMPTY_CONTENT.toUpperCase(),
    `${EMPTY_CONTENT}a`,
    `${EMPTY_CONTENT}=`,
    `${EMPTY_CONTENT.slice(0, -1)}v`,
  ])('refuse %p', (text) => {
    expect(isCid(text)).toBe(false);
  });
});

describe('paths', () => {
  it.each([['photos/2026/a.jpg'], ['Grüße 👋 aus Köln.txt'], ['a b/ c'], ['...'], ['a:b*c?"<>|'], ['x'.repeat(1024)]])(
    'take %p',
    (path) => {
      expect(normalisePath(path)).toBe(path.normalize('NFC'));
      expect(isNormalPath(path.normalize('NFC'))).toBe(true);
    },
  );

  it.each([
    [''],
    ['/etc/passwd'],
    ['../x'],
    ['a/../b'],
    ['a/./b'],
    ['a//b'],
    ['a/'],
    ['a\u0000b'],
    ['a\nb'],
    ['a\u007f'],
    ['a\\b'],
    ['\ud800'],
    ['x'.repeat(1025)],
    ['ü'.repeat(513)],
  ])('refuse %p', (path) => {
    expect(() => normalisePath(path)).toThrow(expect.objectContaining({ code: 'invalid-path' }) as Error);
    expect(isNormalPath(path)).toBe(false);
  });

  it('are one for both ways to write an umlaut', () => {
    expect(normalisePath('u\u0308.txt')).toBe('\u00fc.txt');
    expect(isNormalPath('u\u0308.txt')).toBe(false);
  });

  it('give a pinned file id, another in another network', () => {
    expect(fileIdOf('00'.repeat(32), 'a.txt')).toBe('z3d7voji3px43rr76k74av2esy');
    expect(fileIdOf('01'.repeat(32), 'a.txt')).not.toBe('z3d7voji3px43rr76k74av2esy');
  });
});

describe('keys', () => {
  const signer = signerFromRaw(Buffer.alloc(32, 7));
  const message = Buffer.from('message');

  it('sign so that the peer id verifies it, deterministically', () => {
    const signature = signer.sign(message);
    expect(Buffer.compare(signature, signer.sign(message))).toBe(0);
    expect(verifySignature(signer.peerId, message, signature)).toBe(true);
    expect(verifySignature(signer.peerId, Buffer.from('another'), signature)).toBe(false);
    expect(verifySignature(signerFromRaw(Buffer.alloc(32, 8)).peerId, message, signature)).toBe(false);
    expect(verifySignature('no peer', message, signature)).toBe(false);
    expect(verifySignature(signer.peerId, message, signature.subarray(1))).toBe(false);
  });

  it('take libp2p’s form of a private key as well', () => {
    const raw64 = Buffer.concat([Buffer.alloc(32, 7), Buffer.alloc(32)]);
    expect(signerFromRaw(raw64).peerId).toBe(signer.peerId);
  });

  it('have a peer id with a binary form', () => {
    expect(peerIdFromBytes(peerIdToBytes(signer.peerId))).toBe(signer.peerId);
    expect(() => peerIdFromBytes(Buffer.from('no'))).toThrow(DfsError);
    expect(() => normalisePeerId('QmdfTbBqBPQ7VNxZEYEj14VmRuZBkqFbiwReogJgS1zR1n')).toThrow(DfsError);
  });
});

describe('errors', () => {
  it('keep their code and words across the wire', () => {
    for (const code of Object.keys(ERROR_STATUS) as ErrorCode[]) {
      const there = fromWireError(toWireError(new DfsError(code, `because of ${code}`)));
      expect(there).toMatchObject({ code, message: `because of ${code}` });
    }
  });

  it('say nothing of errors that are not ours, and trust no code of a peer', () => {
    expect(toWireError(new Error('/home/me/secret')).detail).not.toContain('secret');
    expect(fromWireError({ code: 'constructor', detail: 'x' }).code).toBe('peer-misbehaved');
  });

  it('tell a time-out from a cancellation', () => {
    expect(abortError(AbortSignal.abort(new DOMException('late', 'TimeoutError'))).code).toBe('timeout');
    expect(abortError(AbortSignal.abort()).code).toBe('aborted');
    const own = new DfsError('shutting-down', 'x');
    expect(abortError(AbortSignal.abort(own))).toBe(own);
  });
});
