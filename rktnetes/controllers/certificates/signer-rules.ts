/**
 * What each signer of the cluster signs. In: a request and what its certificate is to be for. Out:
 * why it is not signed. Pure. @see kubernetes.io, "Certificates and Certificate Signing Requests"
 */
import type { RequestedCertificate } from "../controller.ts";

const CLIENT = "kubernetes.io/kube-apiserver-client";
export const KUBELET_CLIENT = "kubernetes.io/kube-apiserver-client-kubelet";
const KUBELET_SERVING = "kubernetes.io/kubelet-serving";
const LEGACY = "kubernetes.io/legacy-unknown";

type Rule = (requested: RequestedCertificate, usages: readonly string[]) => string | undefined;

const RULES: Readonly<Record<string, Rule>> = {
  [CLIENT]: (_requested, usages) => clientUsageProblem(usages),
  [KUBELET_CLIENT]: kubeletClientProblem,
  [KUBELET_SERVING]: kubeletServingProblem,
  [LEGACY]: () => undefined,
};

export function isKnownSigner(name: string): boolean {
  return RULES[name] !== undefined;
}

export function signerProblem(
  signer: string,
  requested: RequestedCertificate,
  usages: readonly string[],
): string | undefined {
  return RULES[signer]?.(requested, usages);
}

function clientUsageProblem(usages: readonly string[]): string | undefined {
  const allowed = ["digital signature", "key encipherment", "client auth"];
  const wrong = usages.find((usage) => !allowed.includes(usage));
  if (wrong !== undefined) return `invalid usage for client certificate: ${wrong}`;
  if (usages.includes("client auth")) return undefined;
  return "missing required usage for client certificate: client auth";
}

function nodeProblem({ organizations, commonName }: RequestedCertificate): string | undefined {
  const isNodes = organizations.length === 1 && organizations[0] === "system:nodes";
  if (!isNodes) return "subject organization is not system:nodes";
  const isNode = commonName.startsWith("system:node:");
  return isNode ? undefined : "subject common name does not begin with system:node:";
}

export function kubeletClientProblem(
  requested: RequestedCertificate,
  usages: readonly string[],
): string | undefined {
  const { dnsNames, emailAddresses, ipAddressCount, uriCount, commonName } = requested;
  if (requested.organizations.join() !== "system:nodes") return nodeProblem(requested);
  if (dnsNames.length > 0) return "DNS subjectAltNames are not allowed";
  if (emailAddresses.length > 0) return "Email subjectAltNames are not allowed";
  if (ipAddressCount > 0) return "IP subjectAltNames are not allowed";
  if (uriCount > 0) return "URI subjectAltNames are not allowed";
  if (!commonName.startsWith("system:node:")) return nodeProblem(requested);
  return usageProblem(usages, "client auth");
}

function kubeletServingProblem(
  requested: RequestedCertificate,
  usages: readonly string[],
): string | undefined {
  const { dnsNames, emailAddresses, ipAddressCount, uriCount } = requested;
  if (requested.organizations.join() !== "system:nodes") return nodeProblem(requested);
  if (dnsNames.length === 0 && ipAddressCount === 0) {
    return "DNS or IP subjectAltName is required";
  }
  if (emailAddresses.length > 0) return "Email subjectAltNames are not allowed";
  if (uriCount > 0) return "URI subjectAltNames are not allowed";
  return usageProblem(usages, "server auth") ?? nodeProblem(requested);
}

/** These and no others; keys that are not RSA encipher nothing. */
function usageProblem(usages: readonly string[], purpose: string): string | undefined {
  const wanted = [purpose, "digital signature"].sort();
  const rest = usages.filter((usage) => usage !== "key encipherment").sort();
  if (rest.join() === wanted.join()) return undefined;
  const all = [purpose, "digital signature", "key encipherment"].sort();
  return `usages did not match [${all.join(" ")}]`;
}
