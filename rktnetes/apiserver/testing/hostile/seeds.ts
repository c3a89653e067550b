/**
 * One rich, valid object of each kind family: what hostile bodies are made of. Each is what a
 * client would send, without apiVersion, kind and name, which whoever sends it adds.
 */
import type { JsonObject } from "@rktnetes/api/schema";

export interface Seed {
  readonly group: string;
  readonly version: string;
  readonly resource: string;
  readonly object: JsonObject;
  /** The only name that an object may have; any without it. */
  readonly name?: string;
}

const core = (resource: string, object: JsonObject): Seed => at("", "v1", resource, object);

function at(group: string, version: string, resource: string, object: JsonObject): Seed {
  return { group, version, resource, object };
}

const LABELS: JsonObject = { app: "web", "example.com/tier": "front" };
const SELECTOR: JsonObject = {
  matchLabels: { app: "web" },
  matchExpressions: [{ key: "example.com/tier", operator: "In", values: ["front", "back"] }],
};

const PROBE: JsonObject = { httpGet: { path: "/", port: "http" }, periodSeconds: 5 };

/** A rich one. */
export const CONTAINER: JsonObject = {
  name: "web",
  image: "example.com/web:1",
  command: ["web", "--port=80"],
  ports: [{ name: "http", containerPort: 80, protocol: "TCP" }],
  env: [
    { name: "A", value: "b" },
    { name: "IP", valueFrom: { fieldRef: { fieldPath: "status.podIP" } } },
    { name: "S", valueFrom: { secretKeyRef: { name: "s", key: "k", optional: true } } },
  ],
  envFrom: [{ prefix: "P_", configMapRef: { name: "c" } }],
  resources: { requests: { cpu: "100m", memory: "64Mi" }, limits: { cpu: "1", memory: "128Mi" } },
  volumeMounts: [{ name: "data", mountPath: "/data", readOnly: true, subPath: "x" }],
  livenessProbe: { ...PROBE, initialDelaySeconds: 3 },
  readinessProbe: { exec: { command: ["true"] }, failureThreshold: 2 },
  startupProbe: { tcpSocket: { port: 80 } },
  lifecycle: { preStop: { exec: { command: ["sleep", "1"] } } },
  securityContext: { runAsUser: 1000, capabilities: { drop: ["ALL"], add: ["NET_ADMIN"] } },
};

const POD_SPEC: JsonObject = {
  containers: [CONTAINER, { name: "side", image: "side" }],
  initContainers: [{ name: "init", image: "init", restartPolicy: "Always" }],
  volumes: [
    { name: "data", emptyDir: { sizeLimit: "1Gi", medium: "Memory" } },
    {
      name: "config",
      configMap: { name: "c", items: [{ key: "k", path: "p" }], defaultMode: 420 },
    },
    { name: "claim", persistentVolumeClaim: { claimName: "claim" } },
    {
      name: "all",
      projected: {
        sources: [
          { serviceAccountToken: { path: "token", expirationSeconds: 3600, audience: "a" } },
          { downwardAPI: { items: [{ path: "l", fieldRef: { fieldPath: "metadata.labels" } }] } },
        ],
      },
    },
    { name: "host", hostPath: { path: "/var", type: "Directory" } },
  ],
  affinity: {
    nodeAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: {
        nodeSelectorTerms: [
          { matchExpressions: [{ key: "a", operator: "Gt", values: ["1"] }] },
          { matchFields: [{ key: "metadata.name", operator: "In", values: ["n"] }] },
        ],
      },
    },
    podAntiAffinity: {
      preferredDuringSchedulingIgnoredDuringExecution: [
        {
          weight: 10,
          podAffinityTerm: { labelSelector: SELECTOR, topologyKey: "kubernetes.io/hostname" },
        },
      ],
    },
  },
  tolerations: [{ key: "k", operator: "Exists", effect: "NoExecute", tolerationSeconds: 60 }],
  topologySpreadConstraints: [
    {
      maxSkew: 1,
      topologyKey: "zone",
      whenUnsatisfiable: "DoNotSchedule",
      labelSelector: SELECTOR,
    },
  ],
  nodeSelector: { a: "b" },
  hostAliases: [{ ip: "10.0.0.1", hostnames: ["a.b"] }],
  dnsConfig: { nameservers: ["1.1.1.1"], options: [{ name: "ndots", value: "2" }] },
  securityContext: { fsGroup: 1, sysctls: [{ name: "net.core.somaxconn", value: "1" }] },
  imagePullSecrets: [{ name: "s" }],
  readinessGates: [{ conditionType: "example.com/ready" }],
  terminationGracePeriodSeconds: 30,
};

const TEMPLATE: JsonObject = { metadata: { labels: LABELS }, spec: POD_SPEC };
const JOB_TEMPLATE: JsonObject = { ...TEMPLATE, spec: { ...POD_SPEC, restartPolicy: "Never" } };
const TARGET: JsonObject = { apiVersion: "apps/v1", kind: "Deployment", name: "web" };

const CLAIM_SPEC: JsonObject = {
  accessModes: ["ReadWriteOnce"],
  resources: { requests: { storage: "1Gi" } },
  storageClassName: "fast",
  selector: SELECTOR,
  dataSource: { apiGroup: "snapshot.storage.k8s.io", kind: "VolumeSnapshot", name: "s" },
};

const RULE: JsonObject = {
  apiGroups: ["apps"],
  resources: ["deployments"],
  verbs: ["get", "list"],
};

const WEBHOOK: JsonObject = {
  name: "a.example.com",
  clientConfig: { service: { namespace: "default", name: "s", path: "/p", port: 443 } },
  rules: [
    { operations: ["CREATE"], apiGroups: ["*"], apiVersions: ["*"], resources: ["nonesuches"] },
  ],
  namespaceSelector: SELECTOR,
  matchConditions: [{ name: "one", expression: "object.metadata.name.startsWith('a')" }],
  failurePolicy: "Ignore",
  sideEffects: "None",
  admissionReviewVersions: ["v1"],
  timeoutSeconds: 1,
};

const SCHEMA: JsonObject = {
  type: "object",
  properties: {
    spec: {
      type: "object",
      required: ["size"],
      properties: {
        size: { type: "integer", minimum: 1, maximum: 10, default: 3 },
        name: { type: "string", pattern: "^[a-z]+$", maxLength: 20 },
        many: {
          type: "array",
          maxItems: 20,
          items: {
            type: "object",
            required: ["k"],
            properties: { k: { type: "string", maxLength: 20 }, v: { type: "number" } },
          },
          "x-kubernetes-list-type": "map",
          "x-kubernetes-list-map-keys": ["k"],
        },
        any: { type: "object", "x-kubernetes-preserve-unknown-fields": true },
        port: { "x-kubernetes-int-or-string": true },
        map: { type: "object", additionalProperties: { type: "string", format: "date-time" } },
      },
      "x-kubernetes-validations": [
        { rule: "self.size > 1", message: "too small" },
        { rule: "!has(self.many) || self.many.all(m, m.k.size() < 10)" },
        { rule: "self.size >= oldSelf.size", fieldPath: ".size" },
      ],
    },
    status: { type: "object", "x-kubernetes-preserve-unknown-fields": true },
  },
};

/** Of the custom kind that the test's cluster serves. */
export const DEFINITION: JsonObject = {
  group: "example.com",
  scope: "Namespaced",
  names: { plural: "widgets", singular: "widget", kind: "Widget", shortNames: ["wd"] },
  versions: [
    {
      name: "v1",
      served: true,
      storage: true,
      schema: { openAPIV3Schema: SCHEMA },
      subresources: {
        status: {},
        scale: { specReplicasPath: ".spec.size", statusReplicasPath: ".status.size" },
      },
      additionalPrinterColumns: [{ name: "Size", type: "integer", jsonPath: ".spec.size" }],
      selectableFields: [{ jsonPath: ".spec.name" }],
    },
  ],
};

const POLICY_RULES: JsonObject = {
  resourceRules: [
    { apiGroups: ["none"], apiVersions: ["v1"], operations: ["CREATE"], resources: ["nones"] },
  ],
};

const PORTS: readonly JsonObject[] = [
  { name: "http", port: 80, targetPort: "http", protocol: "TCP" },
  { name: "dns", port: 53, targetPort: 5353, protocol: "UDP" },
];

/** Of a key that nobody has any more. */
const SIGNING_REQUEST: string = [
  "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURSBSRVFVRVNULS0tLS0KTUlIRk1HNENBUUF3RERFS01BZ0dBMVVF",
  "QXd3QmRUQlpNQk1HQnlxR1NNNDlBZ0VHQ0NxR1NNNDlBd0VIQTBJQQpCTW9tQURZQkNUU3cwU0dRZnNm",
  "Rm4rczJnT3dubXlkZGl1MkhORlhxc2tuaWZkQzdNMTRRU3M4bUNJbGlzdDJnCmE4eXVUbTZURER6cTVr",
  "aE9JcDZzSkYyZ0FEQUtCZ2dxaGtqT1BRUURBZ05IQURCRUFpQks3T25talhhdFpnUWoKYmJ1SXpZeTlm",
  "U251VE1PeUZYeTFhUzhxTTc2QWhBSWdZZ2JsdTNjaWZQRU1ZSEltQlA3aENsU0JpRGJBN3lkcgpqaHFE",
  "U3pOU09wND0KLS0tLS1FTkQgQ0VSVElGSUNBVEUgUkVRVUVTVC0tLS0tCg==",
].join("");

export const SEEDS: readonly Seed[] = [
  core("pods", { metadata: { labels: LABELS, annotations: { a: "b" } }, spec: POD_SPEC }),
  core("podtemplates", { template: TEMPLATE }),
  core("configmaps", {
    data: { a: "b", "c.d": "e\n" },
    binaryData: { b: "AAEC" },
    immutable: false,
  }),
  core("secrets", { type: "Opaque", data: { a: "YQ==" }, stringData: { b: "c" } }),
  core("services", {
    spec: {
      type: "NodePort",
      selector: { app: "web" },
      ports: [...PORTS],
      sessionAffinity: "ClientIP",
      externalIPs: ["10.1.1.1"],
    },
  }),
  core("endpoints", {
    subsets: [
      {
        addresses: [{ ip: "10.2.3.4", hostname: "h", targetRef: { kind: "Pod", name: "p" } }],
        notReadyAddresses: [{ ip: "10.2.3.5" }],
        ports: [{ name: "p", port: 80, protocol: "TCP" }],
      },
    ],
  }),
  core("events", {
    involvedObject: { kind: "Pod", namespace: "default", name: "p", uid: "u" },
    reason: "Started",
    message: "m",
    type: "Normal",
    count: 3,
    firstTimestamp: "2026-01-01T00:00:00Z",
    lastTimestamp: "2026-01-01T00:00:00Z",
    source: { component: "kubelet", host: "n" },
  }),
  core("limitranges", {
    spec: { limits: [{ type: "Container", max: { cpu: "2" }, default: { cpu: "1" } }] },
  }),
  core("namespaces", {
    metadata: { labels: { "pod-security.kubernetes.io/enforce": "privileged" } },
  }),
  core("nodes", {
    spec: { podCIDR: "10.9.0.0/24", taints: [{ key: "k", value: "v", effect: "NoSchedule" }] },
    status: {
      capacity: { cpu: "4", memory: "8Gi", pods: "110" },
      conditions: [{ type: "Ready", status: "True", reason: "Ok" }],
      addresses: [{ type: "InternalIP", address: "10.0.0.1" }],
    },
  }),
  core("persistentvolumeclaims", { spec: CLAIM_SPEC }),
  core("persistentvolumes", {
    spec: {
      capacity: { storage: "1Gi" },
      accessModes: ["ReadWriteMany"],
      persistentVolumeReclaimPolicy: "Retain",
      nfs: { server: "s", path: "/p" },
      mountOptions: ["hard"],
      nodeAffinity: {
        required: {
          nodeSelectorTerms: [{ matchExpressions: [{ key: "a", operator: "Exists" }] }],
        },
      },
    },
  }),
  core("replicationcontrollers", { spec: { replicas: 1, selector: LABELS, template: TEMPLATE } }),
  core("resourcequotas", {
    spec: {
      hard: { "count/nones.example.com": "1", "requests.cpu": "1k" },
      scopeSelector: {
        matchExpressions: [{ scopeName: "PriorityClass", operator: "In", values: ["low"] }],
      },
    },
  }),
  core("serviceaccounts", { secrets: [{ name: "s" }], imagePullSecrets: [{ name: "i" }] }),
  at("apps", "v1", "deployments", {
    spec: {
      replicas: 2,
      selector: SELECTOR,
      template: TEMPLATE,
      strategy: { type: "RollingUpdate", rollingUpdate: { maxSurge: "25%", maxUnavailable: 1 } },
      minReadySeconds: 1,
      revisionHistoryLimit: 3,
    },
  }),
  at("apps", "v1", "daemonsets", { spec: { selector: SELECTOR, template: TEMPLATE } }),
  at("apps", "v1", "replicasets", { spec: { selector: SELECTOR, template: TEMPLATE } }),
  at("apps", "v1", "statefulsets", {
    spec: {
      serviceName: "web",
      selector: SELECTOR,
      template: TEMPLATE,
      volumeClaimTemplates: [{ metadata: { name: "data" }, spec: CLAIM_SPEC }],
      updateStrategy: { type: "RollingUpdate", rollingUpdate: { partition: 1 } },
      ordinals: { start: 1 },
    },
  }),
  at("apps", "v1", "controllerrevisions", { revision: 1, data: { spec: { a: 1 } } }),
  at("batch", "v1", "jobs", {
    spec: {
      template: JOB_TEMPLATE,
      parallelism: 2,
      completions: 3,
      completionMode: "Indexed",
      backoffLimitPerIndex: 1,
      podFailurePolicy: {
        rules: [{ action: "FailJob", onExitCodes: { operator: "In", values: [1, 2] } }],
      },
    },
  }),
  at("batch", "v1", "cronjobs", {
    spec: {
      schedule: "*/5 1-3 * * 1,2",
      timeZone: "Europe/Berlin",
      jobTemplate: { spec: { template: JOB_TEMPLATE } },
    },
  }),
  at("autoscaling", "v1", "horizontalpodautoscalers", {
    spec: { scaleTargetRef: TARGET, maxReplicas: 3, targetCPUUtilizationPercentage: 50 },
  }),
  at("autoscaling", "v2", "horizontalpodautoscalers", {
    spec: {
      scaleTargetRef: TARGET,
      minReplicas: 1,
      maxReplicas: 5,
      metrics: [
        {
          type: "Resource",
          resource: { name: "cpu", target: { type: "Utilization", averageUtilization: 50 } },
        },
        {
          type: "External",
          external: {
            metric: { name: "q", selector: SELECTOR },
            target: { type: "Value", value: "30" },
          },
        },
      ],
      behavior: {
        scaleDown: { policies: [{ type: "Pods", value: 1, periodSeconds: 60 }] },
      },
    },
  }),
  at("networking.k8s.io", "v1", "ingresses", {
    spec: {
      ingressClassName: "c",
      tls: [{ hosts: ["a.example.com"], secretName: "s" }],
      rules: [
        {
          host: "a.example.com",
          http: {
            paths: [
              {
                path: "/",
                pathType: "Prefix",
                backend: { service: { name: "web", port: { number: 80 } } },
              },
            ],
          },
        },
      ],
    },
  }),
  at("networking.k8s.io", "v1", "networkpolicies", {
    spec: {
      podSelector: SELECTOR,
      policyTypes: ["Ingress", "Egress"],
      ingress: [
        {
          from: [{ ipBlock: { cidr: "10.0.0.0/8", except: ["10.1.0.0/16"] } }],
          ports: [{ port: 80, endPort: 90, protocol: "TCP" }],
        },
      ],
    },
  }),
  at("networking.k8s.io", "v1", "ingressclasses", {
    spec: { controller: "example.com/c", parameters: { kind: "P", name: "p", scope: "Cluster" } },
  }),
  at("networking.k8s.io", "v1", "servicecidrs", { spec: { cidrs: ["10.7.0.0/16"] } }),
  at("policy", "v1", "poddisruptionbudgets", { spec: { minAvailable: "50%", selector: SELECTOR } }),
  at("rbac.authorization.k8s.io", "v1", "roles", { rules: [RULE] }),
  at("rbac.authorization.k8s.io", "v1", "rolebindings", {
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "view" },
    subjects: [{ kind: "ServiceAccount", namespace: "default", name: "a" }],
  }),
  at("rbac.authorization.k8s.io", "v1", "clusterroles", {
    rules: [RULE, { nonResourceURLs: ["/metrics"], verbs: ["get"] }],
    aggregationRule: { clusterRoleSelectors: [{ matchLabels: { none: "such" } }] },
  }),
  at("rbac.authorization.k8s.io", "v1", "clusterrolebindings", {
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "view" },
    subjects: [{ apiGroup: "rbac.authorization.k8s.io", kind: "Group", name: "g" }],
  }),
  at("storage.k8s.io", "v1", "storageclasses", {
    provisioner: "example.com/p",
    parameters: { a: "b" },
    allowedTopologies: [{ matchLabelExpressions: [{ key: "zone", values: ["a"] }] }],
    volumeBindingMode: "WaitForFirstConsumer",
  }),
  at("storage.k8s.io", "v1", "csidrivers", {
    spec: { attachRequired: true, fsGroupPolicy: "File" },
  }),
  at("storage.k8s.io", "v1", "csinodes", {
    spec: { drivers: [{ name: "d.example.com", nodeID: "n", topologyKeys: ["z"] }] },
  }),
  at("storage.k8s.io", "v1", "volumeattachments", {
    spec: { attacher: "a.example.com", nodeName: "n", source: { persistentVolumeName: "p" } },
  }),
  at("scheduling.k8s.io", "v1", "priorityclasses", { value: 10, preemptionPolicy: "Never" }),
  at("node.k8s.io", "v1", "runtimeclasses", {
    handler: "h",
    overhead: { podFixed: { cpu: "1" } },
    scheduling: { nodeSelector: { a: "b" } },
  }),
  at("coordination.k8s.io", "v1", "leases", {
    spec: {
      holderIdentity: "a",
      leaseDurationSeconds: 15,
      renewTime: "2026-01-01T00:00:00.000000Z",
      leaseTransitions: 1,
    },
  }),
  at("discovery.k8s.io", "v1", "endpointslices", {
    addressType: "IPv4",
    endpoints: [{ addresses: ["10.2.3.4"], conditions: { ready: true }, nodeName: "n" }],
    ports: [{ name: "p", port: 80, protocol: "TCP" }],
  }),
  at("certificates.k8s.io", "v1", "certificatesigningrequests", {
    spec: { request: SIGNING_REQUEST, signerName: "example.com/s", usages: ["client auth"] },
  }),
  at("events.k8s.io", "v1", "events", {
    eventTime: "2026-01-01T00:00:00.000000Z",
    reportingController: "example.com/c",
    reportingInstance: "i",
    action: "Act",
    reason: "Because",
    type: "Normal",
    regarding: { kind: "Pod", namespace: "default", name: "p" },
  }),
  at("flowcontrol.apiserver.k8s.io", "v1", "flowschemas", {
    spec: {
      priorityLevelConfiguration: { name: "global-default" },
      matchingPrecedence: 9000,
      distinguisherMethod: { type: "ByUser" },
      rules: [
        {
          subjects: [{ kind: "User", user: { name: "nobody" } }],
          resourceRules: [
            { verbs: ["get"], apiGroups: [""], resources: ["pods"], namespaces: ["*"] },
          ],
        },
      ],
    },
  }),
  at("flowcontrol.apiserver.k8s.io", "v1", "prioritylevelconfigurations", {
    spec: {
      type: "Limited",
      limited: {
        nominalConcurrencyShares: 5,
        limitResponse: { type: "Queue", queuing: { queues: 8, handSize: 2, queueLengthLimit: 5 } },
      },
    },
  }),
  at("admissionregistration.k8s.io", "v1", "validatingwebhookconfigurations", {
    webhooks: [WEBHOOK],
  }),
  at("admissionregistration.k8s.io", "v1", "mutatingwebhookconfigurations", {
    webhooks: [{ ...WEBHOOK, reinvocationPolicy: "Never" }],
  }),
  at("admissionregistration.k8s.io", "v1", "validatingadmissionpolicies", {
    spec: {
      matchConstraints: POLICY_RULES,
      variables: [{ name: "v", expression: "object.metadata.name" }],
      validations: [{ expression: "variables.v.matches('^[a-z]+$')", reason: "Invalid" }],
      auditAnnotations: [{ key: "k", valueExpression: "'a' + variables.v" }],
      matchConditions: [{ name: "c", expression: "request.userInfo.username != 'x'" }],
    },
  }),
  at("admissionregistration.k8s.io", "v1", "validatingadmissionpolicybindings", {
    spec: { policyName: "p", validationActions: ["Deny"], matchResources: POLICY_RULES },
  }),
  {
    ...at("apiregistration.k8s.io", "v1", "apiservices", {
      spec: {
        group: "none.example.com",
        version: "v1",
        groupPriorityMinimum: 1000,
        versionPriority: 10,
        service: { namespace: "default", name: "none", port: 443 },
        insecureSkipTLSVerify: true,
      },
    }),
    name: "v1.none.example.com",
  },
  at("resource.k8s.io", "v1", "deviceclasses", {
    spec: { selectors: [{ cel: { expression: "device.driver == 'd.example.com'" } }] },
  }),
  at("resource.k8s.io", "v1", "resourceclaims", {
    spec: {
      devices: { requests: [{ name: "r", exactly: { deviceClassName: "c", count: 1 } }] },
    },
  }),
  at("resource.k8s.io", "v1", "resourceslices", {
    spec: {
      driver: "d.example.com",
      nodeName: "n",
      pool: { name: "p", generation: 1, resourceSliceCount: 1 },
      devices: [{ name: "x", attributes: { a: { int: 1 } }, capacity: { c: { value: "1Gi" } } }],
    },
  }),
  at("example.com", "v1", "widgets", {
    spec: {
      size: 3,
      name: "abc",
      many: [{ k: "a", v: 1.5 }],
      any: { x: [1] },
      port: "80",
      map: {},
    },
  }),
  {
    group: "apiextensions.k8s.io",
    version: "v1",
    resource: "customresourcedefinitions",
    name: "things.other.example.com",
    object: {
      spec: {
        ...DEFINITION,
        group: "other.example.com",
        names: { plural: "things", singular: "thing", kind: "Thing" },
      },
    },
  },
];
