/**
 * A self-signed certificate made on the spot, for the bare TLS of the benchmark: no key lies in the repository.
 * Just enough DER (X.509 v1, P-256) for `node:tls`.
 */
import { generateKeyPairSync, randomBytes, sign } from 'node:crypto';

const ECDSA_SHA256 = Buffer.from('300a06082a8648ce3d040302', 'hex');
/** CN=bench */
const NAME = Buffer.from('3010310e300c06035504030c0562656e6368', 'hex');

/** Key and certificate, as PEM. */
export function selfSigned() {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const certificate = sequence(
    integer(randomBytes(8)),
    ECDSA_SHA256,
    NAME,
    sequence(time('20200101000000Z'), time('20991231000000Z')),
    NAME,
    publicKey.export({ type: 'spki', format: 'der' }),
  );
  const signature = sign('sha256', certificate, privateKey);
  const der = sequence(certificate, ECDSA_SHA256, element(0x03, Buffer.concat([Buffer.of(0), signature])));
  return {
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    cert: `-----BEGIN CERTIFICATE-----\n${der.toString('base64').replace(/.{64}/g, '$&\n')}\n-----END CERTIFICATE-----\n`,
  };
}

/** @param {Uint8Array[]} parts */
function sequence(...parts) {
  return element(0x30, Buffer.concat(parts));
}

/** @param {Buffer} bytes */
function integer(bytes) {
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40; // positive, and no leading zero
  return element(0x02, bytes);
}

/** @param {string} text */
function time(text) {
  return element(0x18, Buffer.from(text, 'ascii'));
}

/**
 * @param {number} tag
 * @param {Buffer} content
 */
function element(tag, content) {
  const length =
    content.length < 0x80 ? Buffer.of(content.length) : Buffer.of(0x82, content.length >> 8, content.length & 0xff);
  return Buffer.concat([Buffer.of(tag), length, content]);
}
