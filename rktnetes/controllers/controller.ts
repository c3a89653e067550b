/** What every controller is given, and what it is. */
import type { Client } from "@rktnetes/client/client";
import type { Clock } from "@shared/base";

/** What controllers work with: a client of the API server, a clock, and a signal to end. */
export interface ControllerHost {
  readonly client: Client;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** PEM of the authority that signs the server's certificate. */
  readonly authority: string;
  /** Signs certificates of clients; nobody does without it. */
  readonly signer?: RequestSigner | undefined;
  /** A line for whoever runs the server. */
  readonly note: (line: string) => void;
}

/** What a request for a certificate asks for. */
export interface RequestedCertificate {
  readonly commonName: string;
  readonly organizations: readonly string[];
  readonly dnsNames: readonly string[];
  readonly emailAddresses: readonly string[];
  readonly ipAddressCount: number;
  readonly uriCount: number;
}

/** What a certificate is for, in the words of certificates.k8s.io, and from when to when. */
export interface CertificateTerms {
  readonly usages: readonly string[];
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
}

/** Reads requests and signs certificates with the authority of the cluster's clients. */
export interface RequestSigner {
  /** @throws for what is no request, or not signed by its own key */
  read(pem: string): RequestedCertificate;
  /** PEM of the certificate; never good for longer than the authority is. */
  sign(pem: string, terms: CertificateTerms): string;
  /** When a certificate ends, in ms since the epoch. */
  expiryOf(certificate: string): number;
}

export interface Controller {
  readonly name: string;
  /** Runs until the signal aborts. */
  readonly run: (host: ControllerHost) => Promise<void>;
}
