/** Configuration directories and docker's file, written to a disk and read. */
import { afterAll, describe, expect, test } from "bun:test";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { parseDockerReference } from "@rkt/spec";
import { describeFault, Fault, hintOf } from "@shared/base";
import { placesOf } from "./registries.ts";
import { loadSite, loginFor, type Site } from "./site.ts";

const TOP = mkdtempSync(join(tmpdir(), "rkt-site-"));
afterAll(() => rmSync(TOP, { recursive: true, force: true }));

let serial = 0;

/** A directory of files; a value that is no text is written as JSON. */
function tree(files: Readonly<Record<string, unknown>>): string {
  const root = join(TOP, String(serial++));
  mkdirSync(root);
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    const text = typeof content === "string" ? content : JSON.stringify(content);
    writeFileSync(join(root, name), text);
  }
  return root;
}

const V1 = { rktVersion: "v1" };
const BASIC = {
  ...V1,
  rktKind: "auth",
  domains: ["golden.test", "b.test"],
  type: "basic",
  credentials: { user: "bar", password: "baz" },
};
const DOCKER = {
  ...V1,
  rktKind: "dockerAuth",
  registries: ["index.docker.io", "quay.io"],
  credentials: { user: "foo", password: "bar" },
};

const load = (...roots: string[]): Site => loadSite({ roots, environment: {} });

function complaint(file: unknown, directory = "auth.d"): string {
  const root = tree({ "auth.d/basic.json": BASIC, "auth.d/docker.json": DOCKER });
  mkdirSync(join(root, directory), { recursive: true });
  const text = typeof file === "string" ? file : JSON.stringify(file);
  writeFileSync(join(root, directory, "zz.json"), text);
  try {
    load(root);
  } catch (error) {
    return describeFault(error).replaceAll(root, "R");
  }
  throw new Error("it was accepted");
}

describe("auth.d", () => {
  test("both kinds, by domain and by registry", () => {
    const site = load(tree({ "auth.d/a.json": BASIC, "auth.d/d.json": DOCKER }));
    expect([...site.auth.domains.keys()]).toEqual(["golden.test", "b.test"]);
    expect(site.auth.domains.get("b.test")).toEqual({
      type: "basic",
      user: "bar",
      password: "baz",
    });
    expect(site.auth.registries.get("quay.io")).toEqual({ user: "foo", password: "bar" });
  });

  test("a later root overrides one domain and leaves the others", () => {
    const user = { ...BASIC, domains: ["golden.test"], credentials: { user: "u", password: "p" } };
    const site = load(tree({ "auth.d/a.json": BASIC }), tree({ "auth.d/o.json": user }));
    expect(site.auth.domains.get("golden.test")).toMatchObject({ user: "u" });
    expect(site.auth.domains.get("b.test")).toMatchObject({ user: "bar" });
  });

  test("symlinks, directories and other names are not read", () => {
    const root = tree({ "auth.d/a.txt": "{", "auth.d/sub.json/x": "{" });
    symlinkSync("a.txt", join(root, "auth.d/link.json"));
    expect(load(root).auth.domains.size).toBe(0);
  });

  const X = { ...BASIC, domains: ["x"] };
  const COMPLAINTS: readonly (readonly [unknown, string])[] = [
    ["{", 'read "R/auth.d/zz.json": it is not JSON'],
    [{}, 'no rktKind specified in "R/auth.d/zz.json"'],
    [{ rktKind: "auth" }, 'no rktVersion specified in "R/auth.d/zz.json"'],
    [
      { rktKind: "auth", rktVersion: "v9" },
      'no parser available for configuration of kind "auth" and version "v9"',
    ],
    [
      { ...V1, rktKind: "paths" },
      'the configuration directory "R/auth.d" expects to have configuration files of kinds ' +
        '"auth", "dockerAuth", but "zz.json" has kind of "paths"',
    ],
    [{ ...X, domains: [] }, "no domains specified"],
    [{ ...X, type: "nothing" }, 'unknown auth type: "nothing"'],
    [{ ...X, type: undefined }, "no auth type specified"],
    [{ ...X, credentials: { user: "a" } }, "password not specified"],
    [{ ...X, credentials: { password: "a" } }, "user not specified"],
    [{ ...X, type: "oauth", credentials: {} }, "no oauth bearer token specified"],
    [
      { ...X, type: "aws", credentials: { accessKeyID: "a" } },
      "no AWS Secret Access Key specified",
    ],
    [{ ...X, type: "aws", credentials: {} }, "no AWS Access Key ID specified"],
    [{ ...BASIC, domains: ["golden.test"] }, 'auth for domain "golden.test" is already specified'],
    [{ ...DOCKER, registries: [] }, "no registries specified"],
    [
      { ...DOCKER, registries: ["quay.io"] },
      'credentials for docker registry "quay.io" are already specified',
    ],
  ];
  for (const [file, words] of COMPLAINTS) {
    test(words, () => {
      const line = complaint(file);
      expect(line).toStartWith("cannot get configuration: ");
      expect(line).toEndWith(words);
    });
  }
});

describe("registries.d", () => {
  const rules = (...registries: unknown[]): string =>
    tree({ "registries.d/r.json": { ...V1, rktKind: "registries", registries } });
  const places = (root: string, text: string): string[] =>
    placesOf(load(root).rules, parseDockerReference(text)).map(
      ({ registry, repository }) => `${registry}/${repository}`,
    );

  const HUB = {
    prefix: "docker.io",
    location: "in.site:5000/hub",
    mirrors: ["m.site", "n.site/x"],
  };

  test("without a rule: the registry itself", () => {
    expect(places(rules(HUB), "quay.io/a/b")).toEqual(["quay.io/a/b"]);
  });

  test("mirrors in their order, then what stands for the prefix", () => {
    expect(places(rules(HUB), "busybox")).toEqual([
      "m.site/library/busybox",
      "n.site/x/library/busybox",
      "in.site:5000/hub/library/busybox",
    ]);
  });

  test("the longest prefix decides; a prefix ends at a slash", () => {
    const more = { prefix: "index.docker.io/library/busy", location: "never.site" };
    const exact = { prefix: "docker.io/library/nginx", location: "here.site/ng" };
    const root = rules(HUB, more, exact);
    expect(places(root, "nginx:1")).toEqual(["here.site/ng"]);
    expect(places(root, "busybox").at(-1)).toBe("in.site:5000/hub/library/busybox");
  });

  test("without a location the registry itself follows the mirrors", () => {
    const root = rules({ prefix: "docker.io", mirrors: ["m.site"] });
    expect(places(root, "a/b")).toEqual(["m.site/a/b", "registry-1.docker.io/a/b"]);
  });

  test("a blocked one is refused, and the hint names the file", () => {
    const root = rules({ prefix: "bad.test", blocked: true });
    try {
      places(root, "bad.test/x");
      throw new Error("it was allowed");
    } catch (error) {
      expect(Fault.from(error).kind).toBe("denied");
      expect(describeFault(error)).toBe('fetch "bad.test/x": "bad.test" is blocked');
      expect(hintOf(error)).toBe(`${root}/registries.d/r.json says so`);
    }
  });

  test("a prefix with a scheme is refused", () => {
    const registries = [{ prefix: "https://m.site" }];
    const line = complaint({ ...V1, rktKind: "registries", registries }, "registries.d");
    expect(line).toEndWith('"https://m.site": want HOST[:PORT][/PATH], without a scheme');
  });
});

describe("docker's config.json", () => {
  const HELPER = `#!/bin/sh
read -r registry
[ "$1" = get ] || exit 2
case "$registry" in
  helped.test) echo '{"ServerURL":"helped.test","Username":"h","Secret":"s"}' ;;
  token.test) echo '{"Username":"<token>","Secret":"id"}' ;;
  broken.test) echo 'the keychain is locked'; exit 1 ;;
  *) echo 'credentials not found in native keychain'; exit 1 ;;
esac
`;

  function site(config: unknown, own: Record<string, unknown> = {}): Site {
    const root = tree({ "config.json": config, "docker-credential-real": HELPER, ...own });
    chmodSync(join(root, "docker-credential-real"), 0o755);
    const environment = { DOCKER_CONFIG: root, PATH: `${root}:/bin:/usr/bin` };
    return loadSite({ roots: [root], environment });
  }
  const packed = Buffer.from("u:p:with colon").toString("base64");
  const password = (user: string, word: string) => ({ kind: "password", user, password: word });

  const CONFIG = {
    auths: {
      "plain.test:5000": { auth: packed },
      "https://index.docker.io/v1/": { username: "hub", password: "hp" },
      "https://old.test/v2/": { auth: Buffer.from("a:b").toString("base64") },
      "identity.test": { identitytoken: "it" },
      "empty.test": {},
    },
    credHelpers: {
      "helped.test": "real",
      "token.test": "real",
      "broken.test": "real",
      "no.test": "none",
    },
  };

  const LOGINS: readonly (readonly [string, unknown])[] = [
    ["plain.test:5000", password("u", "p:with colon")],
    ["registry-1.docker.io", password("hub", "hp")],
    ["old.test", password("a", "b")],
    ["identity.test", { kind: "identity", token: "it" }],
    ["empty.test", undefined],
    ["unknown.test", undefined],
    ["helped.test", password("h", "s")],
    ["token.test", { kind: "identity", token: "id" }],
  ];
  for (const [registry, login] of LOGINS) {
    test(registry, async () =>
      expect(await loginFor(site(CONFIG), registry)).toEqual(login as never),
    );
  }

  test("credsStore is for every registry; the file has what it does not know", async () => {
    const all = site({ ...CONFIG, credHelpers: {}, credsStore: "real" });
    expect(await loginFor(all, "helped.test")).toEqual(password("h", "s") as never);
    expect(await loginFor(all, "old.test")).toEqual(password("a", "b") as never);
  });

  test("a helper that fails says why; one that is missing is named", async () => {
    const says = async (registry: string): Promise<string> =>
      await loginFor(site(CONFIG), registry).then(String, describeFault);
    expect(await says("broken.test")).toEndWith("the keychain is locked");
    expect(await says("no.test")).toContain("docker-credential-none");
  });

  test("rkt's own file comes first, under any name of Docker's registry", async () => {
    const both = site(CONFIG, { "auth.d/d.json": DOCKER });
    expect(await loginFor(both, "registry-1.docker.io")).toEqual(password("foo", "bar") as never);
  });
});
