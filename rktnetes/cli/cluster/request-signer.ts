/** The cluster's own authority as the controllers see it: it reads requests and signs them. */
import { expiryOf, type KeyPair } from "@rktnetes/apiserver/certificates";
import { readCertificateRequest } from "@rktnetes/apiserver/certificates/request";
import { signRequest } from "@rktnetes/apiserver/certificates/sign";
import type { RequestSigner } from "@rktnetes/controllers/run";

export function requestSigner(authority: KeyPair): RequestSigner {
  return {
    read: (pem) => readCertificateRequest(pem).names,
    sign: (pem, terms) => {
      const notAfterMs = Math.min(terms.notAfterMs, expiryOf(authority.certificate));
      return signRequest(authority, readCertificateRequest(pem), { ...terms, notAfterMs });
    },
    expiryOf,
  };
}
