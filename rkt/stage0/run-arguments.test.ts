import { expect, test } from "bun:test";
import { supportedRunArgv } from "./run-arguments.ts";
import { RUN_ARGUMENTS, scriptStage1, testHost } from "./testing.ts";

const ALL = { ...RUN_ARGUMENTS, uuid: "U", hostname: "h", disablePaths: true, mutable: true };

test.each([
  [
    1,
    ["--net=none", "--local-config=/etc/rkt", "U"],
    ["--hostname", "--mutable", "--disable-paths"],
  ],
  [
    3,
    ["--net=none", "--hostname=h", "--local-config=/etc/rkt", "--disable-paths", "U"],
    ["--mutable"],
  ],
  [
    6,
    [
      "--net=none",
      "--hostname=h",
      "--local-config=/etc/rkt",
      "--mutable",
      "--ipc=auto",
      "--disable-paths",
      "--dns-conf-mode=resolv=default,hosts=default",
      "U",
    ],
    [],
  ],
] as const)("interface version %p understands %p", (version, argv, refused) => {
  const { manifest } = scriptStage1();
  const annotations = [{ name: "coreos.com/rkt/stage1/interface-version", value: String(version) }];
  const host = testHost();
  expect(supportedRunArgv(host, { ...manifest, annotations }, ALL)).toEqual([...argv]);
  expect(host.warned).toEqual(
    refused.map((flag) => `warning: ${flag} option is not supported by stage1`),
  );
});
