import { X509Certificate } from 'node:crypto';
import { generateKeyPair } from '@libp2p/crypto/keys';
import { peerIdFromPrivateKey } from '@libp2p/peer-id';
import { verifyPeerCertificate } from '@libp2p/tls/utils';
import { makeCertificate } from './certificate.js';

describe('our certificate', () => {
  it.each(['Ed25519', 'secp256k1'] as const)('proves who we are to libp2p’s own check (%s)', async (type) => {
    for (let i = 0; i < 10; i++) {
      const identity = await generateKeyPair(type);
      const { cert } = await makeCertificate(identity);
      const peerId = await verifyPeerCertificate(new X509Certificate(cert).raw);
      expect(peerId.toString()).toBe(peerIdFromPrivateKey(identity).toString());
    }
  });

  it('is one for OpenSSL too, now and whatever the clock says', async () => {
    const made = await makeCertificate(await generateKeyPair('Ed25519'));
    const certificate = new X509Certificate(made.cert);
    expect(certificate.verify(certificate.publicKey)).toBe(true);
    expect(certificate.validFromDate.getTime()).toBe(0);
    expect(certificate.validToDate.getUTCFullYear()).toBe(9999);
    expect(made.key).toContain('BEGIN PRIVATE KEY');
  });

  it('does not pass for somebody else', async () => {
    const [mine, other] = await Promise.all([generateKeyPair('Ed25519'), generateKeyPair('Ed25519')]);
    const { cert } = await makeCertificate(mine);
    const { raw } = new X509Certificate(cert);
    await expect(verifyPeerCertificate(raw, peerIdFromPrivateKey(other))).rejects.toThrow();
    const forged = Buffer.from(raw);
    const at = forged.indexOf(Buffer.from(mine.publicKey.raw));
    forged.set(other.publicKey.raw, at);
    await expect(verifyPeerCertificate(forged)).rejects.toThrow();
  });
});
