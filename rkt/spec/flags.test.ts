/**
 * The texts of --volume, --mount, --mnt-volume, --port, --set-env and --set-env-file, with rkt's
 * words.
 */
import { describe, expect, test } from "bun:test";
import { describeFault } from "@shared/base";
import { addKeyValue, parseEnvironmentFile } from "./environment.ts";
import { parsePortFlag } from "./port.ts";
import { orderedVolume, parseMount, parseMountVolume, parseVolume } from "./volume.ts";

describe("--volume", () => {
  test.each([
    ["d,kind=host,source=/x", { name: "d", kind: "host", source: "/x" }],
    [
      "d,kind=host,source=/x=y&z%20,readOnly=T,recursive=0",
      { name: "d", kind: "host", source: "/x=y&z%20", readOnly: true, recursive: false },
    ],
    ["d,kind=empty", { name: "d", kind: "empty", mode: "0755", uid: 0, gid: 0 }],
    [
      "d,kind=empty,mode=0700,uid=1000,gid=100",
      { name: "d", kind: "empty", mode: "0700", uid: 1000, gid: 100 },
    ],
    ["v,kind=empty,mode=9999", { name: "v", kind: "empty", mode: "9999", uid: 0, gid: 0 }],
  ] as const)("%p", (text, volume) => {
    expect(parseVolume(text)).toEqual(volume);
  });
  const kinds = 'unrecognized volume kind: should be one of "empty", "host", "named", "tmpfs"';
  test.each([
    ["Bad_Name,kind=empty", 'ACName must contain only lower case alphanumeric characters plus "-"'],
    ["data", kinds],
    ["data,kind=nothing", kinds],
    ["data,kind=empty,nonsense=1", 'unknown volume parameter "nonsense"'],
    ["data,kind=empty,__proto__=1", 'unknown volume parameter "__proto__"'],
    ["data,kind=empty,source=/x", "source for empty volume must be empty"],
    ["data,kind=host", "source for host volume cannot be empty"],
    ["data,kind=host,source=/x,mode=0700", "mode for host volume cannot be set"],
    ["data,kind=host,source=/x,uid=1", "uid for host volume cannot be set"],
    ["data,kind=host,source=relative", "source for host volume must be absolute path"],
    ["v,kind=empty,uid=x", 'strconv.Atoi: parsing "x": invalid syntax'],
    ["v,kind=empty,uid=", 'strconv.Atoi: parsing "": invalid syntax'],
    [
      "v,kind=host,source=/x,readOnly=perhaps",
      'strconv.ParseBool: parsing "perhaps": invalid syntax',
    ],
    ["v,kind=host,kind=empty", 'label kind with multiple values ["host" "empty"]'],
    ["v,kind", 'malformed string "name=v,kind" - has a label without a value: kind'],
  ])("refuses %p", (text, problem) => {
    const message = `invalid value in --volume flag ${JSON.stringify(text)}: ${problem}`;
    expect(() => parseVolume(text)).toThrow(new Error(message));
  });
  test("prints in the order of Go's structure", () => {
    const volume = parseVolume("d,kind=empty,gid=1,uid=2,readOnly=true");
    expect(JSON.stringify(orderedVolume(volume))).toBe(
      '{"name":"d","kind":"empty","readOnly":true,"mode":"0755","uid":2,"gid":1}',
    );
  });
});

describe("--mount", () => {
  test("names a volume and a place", () => {
    expect(parseMount("volume=v,target=/y")).toEqual({ volume: "v", path: "/y" });
    expect(parseMount("target=/a%20b+c,volume=v")).toEqual({ volume: "v", path: "/a b c" });
  });
  test.each([
    ["volume=v,nonsense=1", 'unknown mount parameter "nonsense"'],
    ["volume=v,volume=w", 'label volume with multiple values ["v" "w"]'],
    [
      "volume=Bad_V,target=/y",
      'invalid volume name "Bad_V" in --mount flag "volume=Bad_V,target=/y": ' +
        'ACName must contain only lower case alphanumeric characters plus "-"',
    ],
    ["volume=v,target=%zz", 'invalid URL escape "%zz"'],
  ])("refuses %p", (text, message) => {
    expect(() => parseMount(text)).toThrow(new Error(message));
  });
});

describe("--mnt-volume", () => {
  test("is a volume and its place in one", () => {
    expect(parseMountVolume("name=v,kind=host,source=/x,target=/y,readOnly=true")).toEqual({
      volume: "v",
      path: "/y",
      appVolume: { name: "v", kind: "host", source: "/x", readOnly: true },
    });
  });
  test.each([
    ["name=v,kind=empty", "missing target= parameter"],
    ["kind=empty,target=/y", "error parsing volume component of MountVolume: name must be set"],
  ])("refuses %p", (text, message) => {
    expect(messageOf(() => parseMountVolume(text))).toBe(message);
  });
});

describe("--port", () => {
  test.each([
    ["web:8080", { name: "web", hostPort: 8080 }],
    ["web:127.0.0.1:80", { name: "web", hostPort: 80, hostIP: "127.0.0.1" }],
    ["web:::1:80", { name: "web", hostPort: 80, hostIP: "::1" }],
    ["web:[fd00::1]:80", { name: "web", hostPort: 80, hostIP: "fd00::1" }],
    ["web:0", { name: "web", hostPort: 0 }],
    [
      "8080:80",
      { name: "8080", hostPort: 8080, podPort: { name: "8080", protocol: "tcp", port: 80 } },
    ],
    [
      "127.0.0.1:53:5353/udp",
      {
        name: "53",
        hostPort: 53,
        hostIP: "127.0.0.1",
        podPort: { name: "53", protocol: "udp", port: 5353 },
      },
    ],
    [
      "[::1]:0:80/tcp",
      {
        name: "0",
        hostPort: 0,
        hostIP: "::1",
        podPort: { name: "0", protocol: "tcp", port: 80 },
      },
    ],
    [
      "8000-8002:80-82",
      {
        name: "8000-8002",
        hostPort: 8000,
        podPort: { name: "8000-8002", protocol: "tcp", port: 80, count: 3 },
      },
    ],
    [
      "0:80-81",
      {
        name: "0",
        hostPort: 0,
        podPort: { name: "0", protocol: "tcp", port: 80, count: 2 },
      },
    ],
  ])("%p", (text, port) => {
    expect(parsePortFlag(text)).toEqual(port);
  });
  test.each([
    ["web", '"web" is not in name:[ip:]port format'],
    ["name,protocol=tcp,port=80", '"name,protocol=tcp,port=80" is not in name:[ip:]port format'],
    ["web:", '"" is not a valid port number'],
    ["web:notnum", '"notnum" is not a valid port number'],
    ["web:70000", '"70000" is not a valid port number'],
    ["web:-1", '"-1" is not a valid port number'],
    ["web:nonsense:8080", '"nonsense" is not a valid IP'],
    ["web:1.2.3:8080", '"1.2.3" is not a valid IP'],
    ["1.2.3:8080:80", '"1.2.3" is not a valid IP'],
    ["8080:70000", '"70000" is not a valid port number'],
    ["8080:0/tcp", '"0" is not a valid port number'],
    ["8002-8000:80-82", '"8002-8000" is not a valid range of ports'],
    ["0-2:80-82", '"0-2" is not a valid range of ports'],
    ["8000-8002:80", '"8000-8002:80" are not as many ports on either side'],
    ["8000-70000:80-81", '"8000-70000" is not a valid port number'],
    [
      "Web_Bad:1",
      '"Web_Bad" is not a valid port name: ' +
        'ACName must contain only lower case alphanumeric characters plus "-"',
    ],
  ])("refuses %p", (text, message) => {
    expect(messageOf(() => parsePortFlag(text))).toBe(message);
  });
});

describe("--set-env", () => {
  test("keeps the order and what stands behind the first =", () => {
    const first = addKeyValue([], "A=1=2");
    expect(addKeyValue(first, "B=")).toEqual([
      { name: "A", value: "1=2" },
      { name: "B", value: "" },
    ]);
  });
  test("refuses what is no pair, and a second value", () => {
    expect(() => addKeyValue([], "NOEQUALS")).toThrow(new Error("must be specified as key=value"));
    expect(() => addKeyValue([{ name: "A", value: "" }], "A=2")).toThrow(
      new Error('key "A" already set'),
    );
  });
});

describe("--set-env-file", () => {
  test("leaves out comments and empty lines, and takes the rest as it is", () => {
    const text = '# a\n; b\n\nA=1\r\nB="x y"\nC=\n D=#4\n';
    expect(parseEnvironmentFile(text, "f")).toEqual([
      { name: "A", value: "1" },
      { name: "B", value: '"x y"' },
      { name: "C", value: "" },
      { name: " D", value: "#4" },
    ]);
  });
  test.each([
    ["A", 'environment variable must be specified as name=value (file "/f")'],
    ["=1", 'environment variable must be specified as name=value (file "/f")'],
    ["A=1\nA=2", 'environment variable "A" already set (file "/f")'],
  ])("refuses %p", (text, message) => {
    expect(() => parseEnvironmentFile(text, "/f")).toThrow(new Error(message));
  });
});

function messageOf(act: () => unknown): string {
  try {
    act();
  } catch (thrown) {
    return describeFault(thrown);
  }
  return "nothing was thrown";
}
