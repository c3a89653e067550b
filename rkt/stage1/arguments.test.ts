import { describe, expect, test } from "bun:test";
import { parseDnsConfMode, parseEnterArguments, parseRunArguments } from "./arguments.ts";
import { enterArgv, type RunArguments, runArgv } from "./contract.ts";

const RUN: RunArguments = {
  uuid: "9b9f6bbd-0000-4000-8000-000000000000",
  debug: true,
  net: "default:IP=172.16.28.9;K=V,other",
  interactive: true,
  mdsToken: "0123",
  hostname: "web",
  localConfig: "/etc/rkt",
  mutable: false,
  ipc: "private",
  disableCapabilitiesRestriction: true,
  disablePaths: false,
  disableSeccomp: true,
  dnsConfMode: "resolv=stage0,hosts=default",
};

describe("parseRunArguments()", () => {
  test("reads back what runArgv() wrote", () => {
    expect(parseRunArguments(runArgv(RUN))).toEqual(RUN);
  });

  test("reads back false and empty values", () => {
    const plain = { ...RUN, debug: false, interactive: false, hostname: "", disableSeccomp: false };
    expect(parseRunArguments(runArgv(plain))).toEqual(plain);
  });

  test("names an option that this interface version does not have", () => {
    expect(() => parseRunArguments(["--teleport=yes", RUN.uuid])).toThrow('"--teleport"');
  });

  test("says what --ipc may not be, in rkt's words", () => {
    expect(() => parseRunArguments(["--ipc=host", RUN.uuid])).toThrow(
      "unknown value for --ipc parameter: host",
    );
  });
});

test("parseEnterArguments() reads back enterArgv(), options of the command untouched", () => {
  const own = { user: "", workingDirectory: "", environment: [], unconfined: false };
  expect(parseEnterArguments(enterArgv(42, "web", ["ls", "--", "--pid=1"]))).toEqual({
    ...own,
    pid: 42,
    app: "web",
    command: ["ls", "--", "--pid=1"],
  });
  const options = {
    user: "alice:users",
    workingDirectory: "/a=b",
    environment: ["A=B=C", "D="],
    unconfined: true,
  };
  expect(parseEnterArguments(enterArgv(1, "web", ["ls"], options))).toMatchObject(options);
});

describe("parseDnsConfMode()", () => {
  for (const [text, want] of [
    ["resolv=host,hosts=stage0", { resolv: "host", hosts: "stage0" }],
    ["resolv=none", { resolv: "none", hosts: "default" }],
  ] as const) {
    test(text, () => expect(parseDnsConfMode(text)).toEqual(want));
  }
  test("refuses a mode that does not exist", () => {
    expect(() => parseDnsConfMode("resolv=magic")).toThrow('"resolv=magic"');
  });
});
