import { sniffMediaType } from './sniff.js';

describe('the media type of a content of which nothing is known but its bytes', () => {
  const hex = (text: string): Uint8Array => Buffer.from(text.replaceAll(' ', ''), 'hex');

  it.each([
    ['image/png', hex('89504e47 0d0a1a0a 0000000d')],
    ['image/jpeg', hex('ffd8ffe0 00104a46')],
    ['image/webp', Buffer.from('RIFF....WEBPVP8 ')],
    ['image/heic', Buffer.from('\0\0\0\x18ftypheic\0\0\0\0', 'latin1')],
    ['video/mp4', Buffer.from('\0\0\0\x18ftypisom\0\0\0\0', 'latin1')],
    ['audio/wav', Buffer.from('RIFF....WAVEfmt ')],
    ['application/pdf', Buffer.from('%PDF-1.7')],
    ['application/zip', Buffer.from('PK\x03\x04', 'latin1')],
    ['text/plain; charset=utf-8', Buffer.from('Grüße, 👋\n\tline two\r\n')],
    // Cut in the middle of a character.
    ['text/plain; charset=utf-8', Buffer.from('Grüße 👋').subarray(0, -2)],
    // Never what a browser would run.
    ['text/plain; charset=utf-8', Buffer.from('<!doctype html><script>alert(1)</script>')],
    ['application/octet-stream', hex('00010203')],
    ['application/octet-stream', Buffer.from('caf\xe9 au lait', 'latin1')],
    ['application/octet-stream', new Uint8Array(0)],
  ])('is %s', (mediaType, bytes) => expect(sniffMediaType(bytes)).toBe(mediaType));
});
