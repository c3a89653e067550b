/** What sub-resources and reviews take: path, method and a body that is right. */
import type { JsonObject } from "@rktnetes/api/schema";
import { CONTAINER } from "./seeds.ts";

export const BODIES: readonly (readonly [path: string, method: string, body: JsonObject])[] = [
  ["/api/v1/namespaces/default/pods/p1/binding", "POST", { target: { kind: "Node", name: "n" } }],
  ["/api/v1/namespaces/default/pods/p1/eviction", "POST", { metadata: { name: "p1" } }],
  [
    "/api/v1/namespaces/default/pods/p1/ephemeralcontainers",
    "PATCH",
    { spec: { ephemeralContainers: [CONTAINER] } },
  ],
  [
    "/api/v1/namespaces/default/pods/p1/status",
    "PATCH",
    { status: { phase: "Running", podIPs: [{ ip: "10.3.3.3" }] } },
  ],
  ["/api/v1/namespaces/default/pods/p1/resize", "PATCH", { spec: { containers: [CONTAINER] } }],
  [
    "/apis/apps/v1/namespaces/default/deployments/p1/scale",
    "PUT",
    { metadata: { name: "p1", namespace: "default" }, spec: { replicas: 2 } },
  ],
  [
    "/apis/apps/v1/namespaces/default/deployments/p1/status",
    "PATCH",
    { status: { replicas: 1, conditions: [{ type: "Available", status: "True" }] } },
  ],
  ["/apis/example.com/v1/namespaces/default/widgets/p1/scale", "PATCH", { spec: { replicas: 2 } }],
  ["/apis/example.com/v1/namespaces/default/widgets/p1/status", "PATCH", { status: { size: 1 } }],
  [
    "/api/v1/namespaces/default/serviceaccounts/p1/token",
    "POST",
    {
      spec: {
        audiences: ["a"],
        expirationSeconds: 600,
        boundObjectRef: { kind: "Pod", apiVersion: "v1", name: "p1" },
      },
    },
  ],
  [
    "/apis/authorization.k8s.io/v1/subjectaccessreviews",
    "POST",
    {
      spec: {
        user: "u",
        groups: ["g"],
        resourceAttributes: {
          verb: "get",
          resource: "pods",
          fieldSelector: { requirements: [{ key: "k", operator: "In", values: ["v"] }] },
        },
      },
    },
  ],
  [
    "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews",
    "POST",
    { spec: { namespace: "default" } },
  ],
  [
    "/apis/authentication.k8s.io/v1/tokenreviews",
    "POST",
    { spec: { token: "eyJhbGciOiJIUzI1NiJ9.e30.AAAA", audiences: ["a"] } },
  ],
  ["/apis/authentication.k8s.io/v1/selfsubjectreviews", "POST", {}],
  [
    "/apis/certificates.k8s.io/v1/certificatesigningrequests/p1/approval",
    "PUT",
    { metadata: { name: "p1" }, status: { conditions: [{ type: "Approved", status: "True" }] } },
  ],
  [
    "/api/v1/namespaces/default/configmaps/p1",
    "DELETE",
    { gracePeriodSeconds: 1, propagationPolicy: "Background", preconditions: { uid: "u" } },
  ],
  [
    "/api/v1/namespaces/default/bindings",
    "POST",
    { metadata: { name: "p1" }, target: { kind: "Node", name: "n" } },
  ],
  [
    "/api/v1/namespaces/p1/finalize",
    "PUT",
    { metadata: { name: "p1" }, spec: { finalizers: ["kubernetes"] } },
  ],
];
