import { expect, test } from "bun:test";
import { Fault } from "@shared/base";
import { proxiesOf } from "./proxy.ts";

const BOTH = { HTTP_PROXY: "http://p.test:3128", HTTPS_PROXY: "http://s.test:3128" };
const P = "http://p.test:3128/";
const S = "http://s.test:3128/";

type Row = readonly [string, Record<string, string>, string, string | undefined];

const ROWS: readonly Row[] = [
  ["none is configured", {}, "https://a.test/", undefined],
  ["by scheme: http", BOTH, "http://a.test/", P],
  ["by scheme: https", BOTH, "https://a.test/", S],
  ["in lower case", { https_proxy: "s.test:3128" }, "https://a.test/", S],
  ["loopback goes straight", BOTH, "http://127.0.0.1:5000/v2/", undefined],
  ["so does its name", BOTH, "http://localhost:5000/", undefined],
  ["and in version 6", BOTH, "http://[::1]:5000/", undefined],
  ["everything is excepted", { ...BOTH, NO_PROXY: "*" }, "https://a.test/", undefined],
  [
    "a domain stands for its hosts",
    { ...BOTH, NO_PROXY: "b.test,a.test" },
    "https://x.a.test/",
    undefined,
  ],
  ["and for itself", { ...BOTH, NO_PROXY: "a.test" }, "https://a.test/", undefined],
  ["not for another that ends so", { ...BOTH, NO_PROXY: "a.test" }, "https://ba.test/", S],
  ["a dot: hosts only", { ...BOTH, NO_PROXY: ".a.test" }, "https://a.test/", S],
  ["a star and a dot", { ...BOTH, NO_PROXY: "*.a.test" }, "https://x.a.test/", undefined],
  ["one port only", { ...BOTH, NO_PROXY: "a.test:444" }, "https://a.test/", S],
  ["that port", { ...BOTH, NO_PROXY: "a.test:443" }, "https://a.test/", undefined],
  ["an address", { ...BOTH, NO_PROXY: "10.1.2.3" }, "http://10.1.2.3:5000/", undefined],
  ["a network", { ...BOTH, NO_PROXY: "10.0.0.0/8" }, "http://10.1.2.3:5000/", undefined],
  ["outside of the network", { ...BOTH, NO_PROXY: "10.0.0.0/8" }, "http://11.1.2.3/", P],
  ["a network that is none", { ...BOTH, NO_PROXY: "10.0.0.0/99" }, "http://10.1.2.3/", P],
];

for (const [reason, environment, url, proxy] of ROWS) {
  test(reason, () => expect(proxiesOf(environment)(url)).toBe(proxy));
}

test("a proxy of another kind is refused", () => {
  const proxyOf = proxiesOf({ HTTPS_PROXY: "socks5://p.test" });
  expect(() => proxyOf("https://a.test/")).toThrow(Fault);
});
