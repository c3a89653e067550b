/** Audit: what is written down of which request, and where it goes. */
import { expect, test } from "bun:test";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "@shared/base";
import type { Attributes, User } from "../auth/user.ts";
import { AuditLog } from "./audit-log.ts";
import { auditingOf, readAuditPolicy } from "./audit-policy.ts";

const POLICY = `apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
- level: None
  users: ["system:kube-proxy"]
  verbs: ["watch"]
- level: Metadata
  resources:
  - group: ""
    resources: ["secrets", "pods/log"]
- level: RequestResponse
  resources:
  - group: "apps"
  namespaces: ["prod"]
- level: None
  nonResourceURLs: ["/healthz*"]
- level: Request
  userGroups: ["system:authenticated"]
`;

function user(name: string): User {
  return { name, uid: "", groups: ["system:authenticated"], extra: {} };
}

const BASE: Attributes = {
  verb: "get",
  isResource: true,
  path: "",
  group: "",
  version: "v1",
  namespace: "prod",
  resource: "pods",
  subresource: "",
  name: "",
};

test("the first rule that is about a request says what is written down", async () => {
  const policy = await readAuditPolicy(POLICY);
  const level = (name: string, more: Partial<Attributes>): string =>
    auditingOf(policy, user(name), { ...BASE, ...more }).level;
  const rows: readonly (readonly [string, Partial<Attributes>, string, string])[] = [
    ["system:kube-proxy", { verb: "watch" }, "None", "named user and verb"],
    ["system:kube-proxy", {}, "Request", "another verb"],
    ["jane", { resource: "secrets" }, "Metadata", "named resource"],
    ["jane", { subresource: "log" }, "Metadata", "named sub-resource"],
    ["jane", { subresource: "exec" }, "Request", "another sub-resource"],
    ["jane", { group: "apps", resource: "deployments" }, "RequestResponse", "whole group"],
    ["jane", { group: "apps", namespace: "test" }, "Request", "another namespace"],
    ["jane", { isResource: false, path: "/healthz/etcd" }, "None", "path with a star"],
  ];
  for (const [name, more, wanted, why] of rows) expect(level(name, more), why).toBe(wanted);
  expect(auditingOf(policy, user("jane"), BASE).omitStages).toEqual(["RequestReceived"]);
  const nobody = { ...user("x"), groups: [] };
  expect(auditingOf(policy, nobody, BASE).level).toBe("None");
});

test("a policy that says nothing useful is refused", () => {
  expect(readAuditPolicy("kind: Policy")).rejects.toThrow("it is of another kind");
  const head = "apiVersion: audit.k8s.io/v1\nkind: Policy\n";
  expect(readAuditPolicy(head)).rejects.toThrow("it has no rules");
  expect(readAuditPolicy(`${head}rules: [{level: All}]`)).rejects.toThrow('the level "All"');
});

test("lines come out whole and in order, through as many files as are kept", async () => {
  const directory = mkdtempSync(join(tmpdir(), "audit-"));
  try {
    const path = join(directory, "log/audit.log");
    const options = { path, maxBytes: 2000, maxBackups: 2, maxAgeMs: 0 };
    {
      await using log = await AuditLog.open(options, systemClock);
      for (let at = 0; at < 500; at++) {
        log.write(JSON.stringify({ at }));
        if (at % 20 === 0) await systemClock.sleep(2);
      }
    }
    const files = readdirSync(join(directory, "log")).sort();
    expect(files.length).toBe(3);
    const older = files.filter((name) => name !== "audit.log");
    const lines = [...older, "audit.log"].flatMap((name) =>
      readFileSync(join(directory, "log", name), "utf8")
        .trimEnd()
        .split("\n"),
    );
    const numbers = lines.map((line) => (JSON.parse(line) as { at: number }).at);
    const first = numbers[0] ?? 0;
    expect(numbers).toEqual(numbers.map((_, at) => first + at));
    expect(numbers.at(-1)).toBe(499);
  } finally {
    rmSync(directory, { recursive: true });
  }
});
