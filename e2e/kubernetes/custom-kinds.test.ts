/**
 * Custom kinds and admission policies through kubectl: used the moment they are there, in all their
 * versions, gone with their definition.
 */
import { beforeAll, expect, test } from "bun:test";
import {
  type Kubectl,
  KUBECTL_SUITES,
  kubectlOf,
  lacksKubectl,
  says as saysOf,
} from "../fixtures/kubectl.ts";
import { testedApiServer } from "../fixtures/tested-api-server.ts";

const api = testedApiServer("custom-kinds");
const suite = KUBECTL_SUITES.find((each) => lacksKubectl(each) === undefined);

let kubectl: Kubectl;

beforeAll(() => {
  kubectl = kubectlOf(suite ?? "testing", api.server.kubeconfig, api.directory);
});

const says = (args: readonly string[], input?: string, status?: number): Promise<string> =>
  saysOf(kubectl, args, { input, status });

const DEFINITION = `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: boats.sea.example.com}
spec:
  group: sea.example.com
  scope: Namespaced
  names: {plural: boats, kind: Boat, shortNames: [bt]}
  versions:
  - name: v1
    served: true
    storage: true
    subresources:
      status: {}
      scale: {specReplicasPath: .spec.sails, statusReplicasPath: .status.sails}
    additionalPrinterColumns: [{name: Sails, type: integer, jsonPath: .spec.sails}]
    schema:
      openAPIV3Schema:
        type: object
        properties:
          spec:
            type: object
            properties:
              sails: {type: integer, default: 1, minimum: 0}
              masts: {type: integer, default: 1}
              port: {type: string, maxLength: 20}
            x-kubernetes-validations:
            - rule: "self.sails <= self.masts * 3"
              messageExpression: "'at most %d sails'.format([self.masts * 3])"
            - {rule: "!has(oldSelf.port) || self.port == oldSelf.port", message: port never changes}
          status: {type: object, properties: {sails: {type: integer}}}
  - name: v1beta1
    served: true
    storage: false
    deprecated: true
    schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}
`;

const boat = (name: string, spec: string): string => `
apiVersion: sea.example.com/v1
kind: Boat
metadata: {name: ${name}}
spec: ${spec}
`;

const apply = ["apply", "-f", "-"];

test.skipIf(suite === undefined)("a kind is used the moment it is defined", async () => {
  await says(apply, DEFINITION);
  const careless = ["create", "--validate=false", "-f", "-"];
  expect(await says(careless, boat("a", "{port: hull, wheels: 4}"))).toContain(
    "boat.sea.example.com/a created",
  );
  expect(await says(["get", "bt"])).toMatch(/NAME\s+SAILS\na\s+1\n/);
  expect(await says(["get", "boat", "a", "-o", "jsonpath={.spec}"])).not.toContain("wheels");
});

test.skipIf(suite === undefined)("rules are asked, with their messages", async () => {
  const many = boat("b", "{sails: 5}");
  expect(await says(["create", "-f", "-"], many, 1)).toContain("at most 3 sails");
  const patch = ["patch", "boat", "a", "--type=merge", "-p"];
  expect(await says([...patch, '{"spec":{"port":"york"}}'], "", 1)).toContain("port never changes");
  expect(await says([...patch, '{"spec":{"sails":-1}}'], "", 1)).toContain(
    "should be greater than or equal to 0",
  );
});

test.skipIf(suite === undefined)("another version shows the same objects, and warns", async () => {
  const shown = await says(["get", "boats.v1beta1.sea.example.com", "a", "-o", "yaml"]);
  expect(shown).toContain("apiVersion: sea.example.com/v1beta1");
  expect(shown).toContain("port: hull");
});

test.skipIf(suite === undefined)("scale and status are paths of their own", async () => {
  await says(["scale", "boat", "a", "--replicas=2"]);
  expect(await says(["get", "boat", "a", "-o", "jsonpath={.spec.sails}"])).toBe("2");
});

const POLICY = `
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {name: harbours}
spec:
  paramKind: {apiVersion: v1, kind: ConfigMap}
  matchConstraints:
    resourceRules:
    - {apiGroups: [sea.example.com], apiVersions: ["*"], operations: [CREATE], resources: [boats]}
  matchConditions: [{name: not-exempt, expression: "!object.metadata.name.startsWith('raft')"}]
  variables: [{name: port, expression: "object.spec.?port.orValue('')"}]
  validations:
  - expression: "variables.port == params.data.port"
    messageExpression: "'only ' + params.data.port"
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: {name: harbours}
spec:
  policyName: harbours
  validationActions: [Deny]
  paramRef: {name: harbour, namespace: default, parameterNotFoundAction: Deny}
`;

test.skipIf(suite === undefined)("policies judge custom kinds, by their parameters", async () => {
  await says(apply, POLICY);
  expect(await says(["create", "-f", "-"], boat("c", "{port: rome}"), 1)).toContain(
    "no params found",
  );
  await says(["create", "configmap", "harbour", "--from-literal=port=hull"]);
  expect(await says(["create", "-f", "-"], boat("c", "{port: rome}"), 1)).toContain("only hull");
  await says(["create", "-f", "-"], boat("c", "{port: hull}"));
  await says(["create", "-f", "-"], boat("raft-1", "{port: rome}"));
});

test.skipIf(suite === undefined)("a definition takes its objects with it", async () => {
  await says(["delete", "crd", "boats.sea.example.com", "--timeout=20s"]);
  expect(await says(["get", "boats"], "", 1)).toMatch(
    /the server (doesn't have a resource type|could not find the requested resource)/,
  );
  await says(apply, DEFINITION);
  expect(await says(["get", "boats"])).toContain("No resources found");
});
