import { expect, test } from "bun:test";
import { type FlagValues, parseFlags } from "../flags/flags.ts";
import { checkKubernetesFlags, featureGates, KUBERNETES_FLAGS } from "./kubernetes-flags.ts";

const read = (...argv: readonly string[]): FlagValues => parseFlags(KUBERNETES_FLAGS, argv).flags;

/** As they stand in the files of those who come from kube-apiserver. */
const FILE = [
  "--allow-privileged=true",
  "--enable-bootstrap-token-auth=true",
  "--service-account-lookup=1",
  "--profiling=false",
  "--watch-cache",
  "--default-watch-cache-size=200",
  "--watch-cache-sizes=pods#1000",
  "--kubelet-preferred-address-types=InternalIP,Hostname",
  "--kubelet-client-certificate=/pki/apiserver-kubelet-client.crt",
  "--request-timeout=1m30s",
  "--runtime-config=api/beta=false,apps/v1,batch/v1beta1=false,v1=true",
  "--feature-gates=",
  "--v=2",
  "-v",
  "4",
];

test("what is so here, or has nothing to tune, is accepted", () => {
  checkKubernetesFlags(read(...FILE));
  expect(read(...FILE).get("v")).toBe("4");
});

test("feature gates are named to whoever set them", () => {
  expect(featureGates(read("--feature-gates=A=true,B=false"))).toEqual(["A", "B"]);
});

const REFUSED: readonly (readonly [flag: string, message: string])[] = [
  ["--service-account-lookup=false", 'to "false": here it is "true"'],
  ["--allow-privileged=false", 'set --allow-privileged to "false": here it is "true"'],
  ["--service-node-port-range=80-90", 'here it is "30000-32767"'],
  ["--profiling=perhaps", 'invalid argument "perhaps" for --profiling: not a truth value'],
  ["--v=high", 'invalid argument "high" for --v: not a number'],
  ["--request-timeout=60", 'invalid argument "60" for --request-timeout: not a duration'],
  ["--runtime-config=api/all=true", 'turn on "api/all" with --runtime-config: that is fixed'],
  ["--runtime-config=apps/v1=false", 'turn off "apps/v1"'],
  ["--runtime-config=batch/v2alpha1", 'turn on "batch/v2alpha1"'],
  ["--runtime-config=apps/v1=on", "not a name and a truth value"],
];

for (const [flag, message] of REFUSED) {
  test(`refused: ${flag}`, () => {
    expect(() => checkKubernetesFlags(read(flag))).toThrow(message);
  });
}

test("a gate must be on or off", () => {
  expect(() => featureGates(read("--feature-gates=A=maybe"))).toThrow('invalid argument "A=maybe"');
});
