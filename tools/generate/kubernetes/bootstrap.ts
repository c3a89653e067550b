/**
 * `sh tools/bun tools/generate/kubernetes/bootstrap.ts DATA [--check]`: writes what a fresh cluster
 * has, or says that the committed file differs.
 *
 * In: DATA with `bootstrap/<plural>.json`, lists of a real server. Out:
 * `rktnetes/apiserver/bootstrap/generated/objects.txt`: a line for each distinct `managedFields`,
 * an empty line, then a line for each object: `<group>/<plural>`, a tab, its JSON, in which
 * `<uid>`, `<time>` and `<managers N>` stand for what the server fills in. What depends on a
 * server's address or keys is left out: it is published when these are known.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const RESOURCES: readonly (readonly [group: string, plural: string, kind: string])[] = [
  ["", "namespaces", "Namespace"],
  ["apiregistration.k8s.io", "apiservices", "APIService"],
  ["rbac.authorization.k8s.io", "clusterroles", "ClusterRole"],
  ["rbac.authorization.k8s.io", "clusterrolebindings", "ClusterRoleBinding"],
  ["rbac.authorization.k8s.io", "roles", "Role"],
  ["rbac.authorization.k8s.io", "rolebindings", "RoleBinding"],
  ["scheduling.k8s.io", "priorityclasses", "PriorityClass"],
  ["flowcontrol.apiserver.k8s.io", "prioritylevelconfigurations", "PriorityLevelConfiguration"],
  ["flowcontrol.apiserver.k8s.io", "flowschemas", "FlowSchema"],
  ["networking.k8s.io", "servicecidrs", "ServiceCIDR"],
];

interface Listed {
  readonly metadata: Record<string, unknown>;
  readonly [field: string]: unknown;
}

const [data = "", flag] = process.argv.slice(2);
const managers: string[] = [];
const lines: string[] = [];
for (const [group, plural, kind] of RESOURCES) {
  const text = readFileSync(join(data, "bootstrap", `${plural}.json`), "utf8");
  const list = JSON.parse(text) as { readonly items: readonly Listed[] };
  const apiVersion = group === "" ? "v1" : `${group}/v1`;
  for (const item of list.items) {
    lines.push(`${group}/${plural}\t${templateOf({ kind, apiVersion, ...item })}`);
  }
}
const out = join(import.meta.dir, "../../../rktnetes/apiserver/bootstrap/generated/objects.txt");
const wanted = `${[...managers, "", ...lines].join("\n")}\n`;
if (flag !== "--check") writeFileSync(out, wanted);
else if (readFileSync(out, "utf8") !== wanted) {
  console.log(`differs: ${out}`);
  process.exitCode = 1;
}

function templateOf(item: Listed): string {
  const { managedFields, resourceVersion: _version, ...metadata } = item.metadata;
  metadata["uid"] = "<uid>";
  if (managedFields !== undefined) {
    metadata["managedFields"] = `<managers ${indexOf(JSON.stringify(managedFields))}>`;
  }
  return JSON.stringify({ ...item, metadata }).replace(/"(<managers \d+>)"/, "$1");
}

function indexOf(text: string): number {
  const known = managers.indexOf(text);
  return known >= 0 ? known : managers.push(text) - 1;
}
