import { describe, expect, test } from "bun:test";
import { parseKubePods } from "./kube-pod.ts";

const HOST = { nodeName: "node-1" };
const parse = (text: string) => parseKubePods(text, "pod.yaml", HOST);
const head = "apiVersion: v1\nkind: Pod\nmetadata: { name: web, labels: { app: shop } }\n";
const words = (spec: string): readonly string[] => parse(`${head}spec: ${spec}`)[0]?.words ?? [];
const ofContainer = (fields: string): readonly string[] =>
  words(`{ restartPolicy: Never, containers: [{ name: a, image: nginx, ${fields} }] }`).slice(2);

describe("a Pod as words of rkt run", () => {
  test("the least", () => {
    expect(words("{ containers: [{ name: a, image: 'nginx:1.2' }] }")).toEqual([
      ...["--pod-name=web", "--hostname=web"],
      ...["docker://nginx:1.2", "--name=a", "--restart=always"],
    ]);
  });

  test.each<[string, string[], string]>([
    ["command: [/bin/sh, -c, 'x']", ["--exec=/bin/sh", "--", "-c", "x"], "the entrypoint"],
    ["args: [x, '--', z]", ["--replace-cmd", "--", "x", "--", "z"], "the image's CMD"],
    ["command: [/a], args: [b]", ["--exec=/a", "--", "b"], "both"],
    [
      "env: [{ name: A, value: '1' }, { name: B, value: '$(A)$$(A)$(C)' }], args: ['$(B)']",
      ["--environment=A=1", "--environment=B=1$(A)$(C)", "--replace-cmd", "--", "1$(A)$(C)"],
      "references to variables",
    ],
    [
      "env: [{ name: NODE, valueFrom: { fieldRef: { fieldPath: spec.nodeName } } }]",
      ["--environment=NODE=node-1"],
      "a field that is known",
    ],
    [
      "env: [{ name: L, valueFrom: { fieldRef: { fieldPath: \"metadata.labels['app']\" } } }]",
      ["--environment=L=shop"],
      "a label",
    ],
    ["workingDir: /srv", ["--working-dir=/srv"], "the working directory"],
    [
      "resources: { limits: { memory: 64Mi, cpu: 500m }, requests: { cpu: '2' } }",
      ["--memory=64Mi", "--cpu=500m", "--cpu-shares=2048"],
      "limits",
    ],
    [
      "securityContext: { runAsUser: 7, runAsGroup: 8, readOnlyRootFilesystem: true }",
      ["--user=7", "--group=8", "--readonly-rootfs=true"],
      "who it is",
    ],
    [
      "securityContext: { capabilities: { drop: [ALL], add: [NET_ADMIN] } }",
      ["--caps-retain=CAP_NET_ADMIN"],
      "capabilities",
    ],
  ])("%s → %p (%s)", (fields, expected, _reason) => {
    expect(ofContainer(fields)).toEqual(["docker://nginx", "--name=a", ...expected]);
  });

  test("ports of the host come before the images", () => {
    const ports =
      "ports: [{ containerPort: 80, hostPort: 8080 }, { containerPort: 53, protocol: UDP, " +
      "hostPort: 53, hostIP: 127.0.0.1 }, { containerPort: 9 }]";
    expect(ofContainer(ports).slice(0, 2)).toEqual([
      "--port=8080:80/tcp",
      "--port=127.0.0.1:53:53/udp",
    ]);
  });

  test("init containers, in order, before the others", () => {
    const init = "initContainers: [{ name: i, image: b, args: [x] }, { name: j, image: c }]";
    expect(
      words(`{ restartPolicy: OnFailure, ${init}, containers: [{ name: a, image: d }] }`),
    ).toEqual([
      ...["--pod-name=web", "--hostname=web"],
      ...["docker://b", "--name=i", "--init-app", "--replace-cmd", "--", "x", "---"],
      ...["docker://c", "--name=j", "--init-app", "---"],
      ...["docker://d", "--name=a", "--restart=on-failure"],
    ]);
  });

  test("what concerns the pod as a whole", () => {
    const spec =
      "{ hostNetwork: true, hostname: h, restartPolicy: Never, hostAliases: [{ ip: 10.0.0.1, " +
      "hostnames: [x, z] }], dnsConfig: { nameservers: [9.9.9.9], options: [{ name: ndots, " +
      "value: '2' }] }, containers: [{ name: a, image: /x.aci }] }";
    expect(words(spec)).toEqual([
      ...["--pod-name=web", "--hostname=h", "--net=host"],
      ...["--hosts-entry=10.0.0.1=x", "--hosts-entry=10.0.0.1=z"],
      ...["--dns=9.9.9.9", "--dns-opt=ndots:2", "/x.aci", "--name=a"],
    ]);
  });

  test("what is left out is told", () => {
    const spec = "containers: [{ name: a, image: b, livenessProbe: { } }]";
    const [pod] = parse(`${head}spec: { hostPID: true, ${spec} }`);
    expect(pod?.notes).toEqual([
      'pod "web": spec.hostPID is left out',
      'pod "web": livenessProbe of container "a" is left out',
    ]);
  });
});

describe("volumes of a Pod", () => {
  const VOLUMES = `
  volumes:
  - { name: scratch, emptyDir: {} }
  - { name: memory, emptyDir: { medium: Memory } }
  - { name: logs, hostPath: { path: /var/log } }
  - { name: conf, configMap: { name: settings, defaultMode: 0640 } }
  - { name: keys, secret: { secretName: keys, items: [{ key: tls, path: a/tls.pem }] } }
  - { name: data, persistentVolumeClaim: { claimName: shop-data } }
`;
  const DATA = `---
apiVersion: v1
kind: ConfigMap
metadata: { name: settings }
data: { a.conf: "x = 1\\n" }
---
apiVersion: v1
kind: Secret
metadata: { name: keys }
data: { tls: c2VjcmV0 }
`;
  const pod = (mounts: string) =>
    parse(
      `${head}spec:\n  restartPolicy: Never\n  containers:\n` +
        `  - { name: a, image: b, volumeMounts: [${mounts}] }\n${VOLUMES}${DATA}`,
    )[0];

  test.each<[string, string, string]>([
    ["scratch", "--volume=scratch,kind=empty,mode=0777", "scratch"],
    ["memory", "--volume=memory,kind=tmpfs,mode=1777", "memory"],
    ["logs", "--volume=logs,kind=host,source=/var/log", "logs"],
    ["logs, readOnly: true", "--volume=logs-ro,kind=host,source=/var/log,readOnly=true", "logs-ro"],
    ["logs, subPath: a/B", "--volume=logs-a-b,kind=host,source=/var/log/a/B", "logs-a-b"],
    ["conf", "--volume=conf,kind=empty,readOnly=true", "conf"],
    ["data", "--volume=data,kind=named,source=shop-data", "data"],
  ])("%s", (mount, volume, name) => {
    const found = pod(`{ name: ${mount}, mountPath: /m }`)?.words ?? [];
    expect(found).toContain(volume);
    expect(found).toContain(`--mount=volume=${name},target=/m`);
  });

  test("files of ConfigMaps and Secrets, with their modes: 0640 is octal", () => {
    const files = pod("{ name: conf, mountPath: /c }")?.files ?? [];
    const shown = files.map(({ volume, path, bytes, mode }) => [
      ...[volume, path, Buffer.from(bytes).toString()],
      mode.toString(8),
    ]);
    expect(shown).toEqual([
      ["conf", "a.conf", "x = 1\n", "640"],
      ["keys", "a/tls.pem", "secret", "644"],
    ]);
  });
});

describe("what is refused", () => {
  test.each<[string, string, string]>([
    ["a: [", "pod.yaml:1:5: Flow sequence in block collection", "half of a list"],
    ["kind: Pod\nkind: Pod\n", "pod.yaml:2:1: Map keys must be unique", "a key twice"],
    ["- 1\n", 'read "pod.yaml": want an object', "no object"],
    ["kind: Deployment\n", 'documents of kind "Deployment" are not supported', "another kind"],
    ["kind: Secret\n", "pod.yaml: there is no Pod in it", "no Pod"],
    ["kind: Pod\n", "a Pod has no metadata.name", "no name"],
    [`${head}spec: {}`, 'pod "web"', "no containers"],
  ])("%p: %s (%s)", (text, message, _reason) => {
    expect(() => parse(text)).toThrow(message);
  });

  test.each<[string, string]>([
    ["name: a", "spec.containers[0] has no image"],
    ["name: A, image: b", "A"],
    ["name: a, image: b, command: x", "spec.containers[0].command"],
    ["name: a, image: b, volumeMounts: [{ name: x, mountPath: /x }]", 'no volume "x"'],
    ["name: a, image: b, securityContext: { privileged: true }", "privileged containers"],
    [
      "name: a, image: b, envFrom: [{ configMapRef: { name: x } }]",
      'the file has no ConfigMap "x"',
    ],
    [
      "name: a, image: b, env: [{ name: I, valueFrom: { fieldRef: { fieldPath: status.podIP } } }]",
      '"status.podIP" is not known before the pod runs',
    ],
  ])("%s: %s", (container, message) => {
    let chain = "";
    try {
      words(`{ containers: [{ ${container} }] }`);
    } catch (error) {
      for (let each: unknown = error; each instanceof Error; each = each.cause)
        chain += each.message;
    }
    expect(chain).toContain(message);
  });
});
