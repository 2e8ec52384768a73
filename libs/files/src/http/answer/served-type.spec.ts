import { servedType } from './served-type.js';

describe('the type a content is sent with', () => {
  it.each([
    'text/html',
    'text/html; charset=utf-8',
    'TEXT/HTML',
    'application/xhtml+xml',
    'image/svg+xml',
    'text/xml',
    'application/xml',
    'application/rss+xml',
    'text/xsl',
    'text/css',
    'text/javascript',
    'text/javascript1.5',
    'application/javascript;version=1.8',
    'application/x-javascript',
    'application/ecmascript',
    'text/jscript',
    'text/livescript',
    'text/vbscript',
    'application/wasm',
    'multipart/x-mixed-replace; boundary=x',
  ])('is that of bytes for %s', (type) => expect(servedType(type)).toBe('application/octet-stream'));

  it.each([
    'text/plain; charset=utf-8',
    'text/typescript',
    'application/json',
    'application/pdf',
    'image/png',
    'video/mp4',
    'application/vnd.openxmlformats-officedocument.wordprocessingml.document',
    'application/x-mine',
  ])('is its own for %s', (type) => expect(servedType(type)).toBe(type));
});
