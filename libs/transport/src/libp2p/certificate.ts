import { createPrivateKey, generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import { publicKeyToProtobuf } from '@libp2p/crypto/keys';
import type { PrivateKey } from '@libp2p/interface';

// DER: one byte of type, the length, the content.
const SEQUENCE = 0x30;
const INTEGER = 0x02;
const BOOLEAN = 0x01;
const BIT_STRING = 0x03;
const OCTET_STRING = 0x04;
const OBJECT_ID = 0x06;
const UTC_TIME = 0x17;
const GENERALIZED_TIME = 0x18;
const VERSION_FIELD = 0xa0;
const EXTENSIONS_FIELD = 0xa3;

/** 1.2.840.10045.4.3.2 */
const ECDSA_WITH_SHA256 = der(SEQUENCE, der(OBJECT_ID, Buffer.from('2a8648ce3d040302', 'hex')));
/** 1.3.6.1.4.1.53594.1.1: the libp2p public key extension. */
const LIBP2P_EXTENSION = der(OBJECT_ID, Buffer.from('2b0601040183a25a0101', 'hex'));
const SIGNATURE_PREFIX = Buffer.from('libp2p-tls-handshake:');

/** In PEM, as `node:tls` takes them. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

/**
 * A certificate as libp2p's TLS asks for (specs/tls/tls.md): self-signed by a new P-256 key, which the identity signs in
 * an extension. It is valid at all times: the identity proves who we are, and a node whose clock is wrong must still be
 * able to connect, to be told so. @libp2p/tls makes them valid from an hour before the clock of the node.
 */
export async function makeCertificate(identity: PrivateKey): Promise<Certificate> {
  const { publicKey: spki, privateKey: key } = generateKeyPairSync('ec', {
    namedCurve: 'P-256',
    publicKeyEncoding: { type: 'spki', format: 'der' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  const proof = await identity.sign(Buffer.concat([SIGNATURE_PREFIX, spki]));
  const nobody = der(SEQUENCE);
  const body = der(
    SEQUENCE,
    der(VERSION_FIELD, der(INTEGER, Buffer.of(2))),
    der(INTEGER, serialNumber()),
    ECDSA_WITH_SHA256,
    nobody,
    der(SEQUENCE, der(UTC_TIME, Buffer.from('700101000000Z')), der(GENERALIZED_TIME, Buffer.from('99991231235959Z'))),
    nobody,
    spki,
    der(EXTENSIONS_FIELD, der(SEQUENCE, extension(identity, proof))),
  );
  const signature = sign('sha256', body, createPrivateKey(key));
  const whole = der(SEQUENCE, body, ECDSA_WITH_SHA256, der(BIT_STRING, Buffer.of(0), signature));
  return { cert: pem(whole), key };
}

function extension(identity: PrivateKey, proof: Uint8Array): Buffer {
  const content = der(SEQUENCE, der(OCTET_STRING, publicKeyToProtobuf(identity.publicKey)), der(OCTET_STRING, proof));
  const critical = der(BOOLEAN, Buffer.of(0xff));
  return der(SEQUENCE, LIBP2P_EXTENSION, critical, der(OCTET_STRING, content));
}

/** Positive, and without leading zeros. */
function serialNumber(): Buffer {
  const bytes = randomBytes(8);
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40;
  return bytes;
}

function der(type: number, ...content: readonly Uint8Array[]): Buffer {
  const length = content.reduce((sum, part) => sum + part.length, 0);
  let prefix = [type, length];
  if (length > 0xff) prefix = [type, 0x82, length >> 8, length & 0xff];
  else if (length > 0x7f) prefix = [type, 0x81, length];
  return Buffer.concat([Buffer.from(prefix), ...content]);
}

function pem(bytes: Buffer): string {
  const lines = bytes.toString('base64').match(/.{1,64}/g) ?? [];
  return ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n');
}
