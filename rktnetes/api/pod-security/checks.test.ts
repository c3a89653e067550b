/** What the levels of the Pod Security Standards forbid, and in which words. */
import { expect, test } from "bun:test";
import type { Container, PodSpec } from "../types/core-v1.ts";
import { describeViolations, violations } from "./checks.ts";
import { labelErrors, type Level, policyOf } from "./levels.ts";

function spec(pod: Partial<PodSpec>, container: Partial<Container> = {}): PodSpec {
  const own = { name: "c", image: "i", ...container };
  return { ...pod, containers: [own as Container] };
}

function said(level: Level, pod: PodSpec, minor?: number): string {
  return describeViolations(violations({ metadata: {}, spec: pod }, { level, minor }));
}

test("baseline says what it forbids", () => {
  const rows: readonly (readonly [PodSpec, string])[] = [
    [spec({}), ""],
    [
      spec({ hostIPC: true, hostNetwork: true }),
      "host namespaces (hostNetwork=true, hostIPC=true)",
    ],
    [spec({ volumes: [{ name: "a", hostPath: { path: "/" } }] }), 'hostPath volumes (volume "a")'],
    [
      spec(
        {},
        {
          securityContext: { capabilities: { add: ["SYS_ADMIN", "CHOWN", "BPF"] } },
        },
      ),
      'non-default capabilities (container "c" must not include "BPF", "SYS_ADMIN" in ' +
        "securityContext.capabilities.add)",
    ],
    [
      spec({ securityContext: { sysctls: [{ name: "kernel.msgmax", value: "1" }] } }),
      "forbidden sysctls (kernel.msgmax)",
    ],
    [
      spec({ securityContext: { seLinuxOptions: { type: "spc_t", user: "u" } } }),
      'seLinuxOptions (pod set forbidden securityContext.seLinuxOptions: type "spc_t"; ' +
        "user may not be set)",
    ],
    [
      spec({ securityContext: { seccompProfile: { type: "Unconfined" } } }),
      'seccompProfile (pod must not set securityContext.seccompProfile.type to "Unconfined")',
    ],
    [
      spec({ securityContext: { windowsOptions: { hostProcess: true } } }),
      "hostProcess (pod must not set securityContext.windowsOptions.hostProcess=true)",
    ],
  ];
  for (const [pod, wanted] of rows) expect(said("baseline", pod)).toBe(wanted);
});

test("versions differ in what they allow", () => {
  const sysctls = [{ name: "net.ipv4.tcp_rmem", value: "1 2 3" }];
  const pod = spec({ securityContext: { sysctls } });
  expect(said("baseline", pod)).toBe("");
  expect(said("baseline", pod, 31)).toContain("forbidden sysctls");
  const root = spec({ securityContext: { runAsUser: 0 } });
  expect(said("restricted", root)).toContain("runAsUser=0 (pod must not set runAsUser=0)");
  expect(said("restricted", root, 22)).not.toContain("runAsUser=0");
});

test("a privileged namespace allows everything; labels are read as they are written", () => {
  expect(said("privileged", spec({ hostPID: true }))).toBe("");
  const labels = {
    "pod-security.kubernetes.io/enforce": "baseline",
    "pod-security.kubernetes.io/enforce-version": "v1.25",
  };
  expect(policyOf(labels).enforce).toEqual({ level: "baseline", minor: 25 });
  expect(policyOf(labels).warn.level).toBe("privileged");
  expect(labelErrors(labels)).toEqual([]);
  expect(labelErrors({ "pod-security.kubernetes.io/warn-version": "1.2" })).toHaveLength(1);
});
