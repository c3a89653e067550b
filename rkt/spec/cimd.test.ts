import { expect, test } from "bun:test";
import { parseImageReference } from "./image-reference.ts";

const parse = (text: string) => parseImageReference(text, { exists: () => false });

for (const [text, plain] of [
  [
    "cimd:appc:v=0:coreos.com/etcd?version=v3.0.3&os=linux&arch=amd64",
    "coreos.com/etcd:v3.0.3,os=linux,arch=amd64",
  ],
  ["cimd:appc:v=0:coreos.com%2Fetcd", "coreos.com/etcd"],
  ["cimd:aci-archive:v=0:file%3A%2F%2F%2Fabsolute%2Fapp.aci", "file:///absolute/app.aci"],
  ["cimd:aci-archive:v=0:https%3A%2F%2Fa.test%3A8%2Fapp.aci", "https://a.test:8/app.aci"],
  ["cimd:docker:v=0:busybox", "docker://busybox"],
  [
    "cimd:docker:v=0:registry-1.docker.io/library/busybox:latest",
    "docker://registry-1.docker.io/library/busybox:latest",
  ],
  ["CIMD:docker:v=0:172.21.12.150:5000/busybox", "docker://172.21.12.150:5000/busybox"],
] as const) {
  test(`${text} means ${plain}`, () => expect(parse(text)).toEqual(parse(plain)));
}

for (const [text, message] of [
  ["cimd:appc", 'cannot parse URI: "cimd:appc": malformed distribution string'],
  ["cimd:appc:0:a", 'cannot parse URI: "cimd:appc:0:a": malformed distribution version: 0'],
  ["cimd:appc:v=1:a", 'cannot parse URI: "cimd:appc:v=1:a": unsupported version: 1'],
  ["cimd:ostree:v=0:a", 'unknown distribution type: "ostree"'],
  ["cimd:aci-archive:v=0:/etc/passwd", "wrong archive transport url"],
  ["cimd:aci-archive:v=0:%zz", 'invalid URL escape in "%zz"'],
  ["cimd:appc:v=0:Bad_Name", "ACIdentifier must contain only"],
  ["cimd:appc:v=0:/etc/app.aci", "must start and end with only"],
] as const) {
  test(`${text} is refused`, () => expect(() => parse(text)).toThrow(message));
}
