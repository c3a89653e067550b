/**
 * The file with which kubectl finds and enters a cluster. In: an address and keys. Out: its text.
 */
import type { KeyPair } from "@rktnetes/apiserver/certificates";

export interface KubeconfigParts {
  /** `https://127.0.0.1:6443` */
  readonly server: string;
  /** PEM of the cluster's authority. */
  readonly authority: string;
  readonly client: KeyPair;
}

export function kubeconfig({ server, authority, client }: KubeconfigParts): string {
  return `apiVersion: v1
kind: Config
clusters:
- name: rktnetes
  cluster:
    server: ${server}
    certificate-authority-data: ${base64(authority)}
users:
- name: admin
  user:
    client-certificate-data: ${base64(client.certificate)}
    client-key-data: ${base64(client.key)}
contexts:
- name: rktnetes
  context:
    cluster: rktnetes
    user: admin
current-context: rktnetes
`;
}

function base64(text: string): string {
  return Buffer.from(text).toString("base64");
}
