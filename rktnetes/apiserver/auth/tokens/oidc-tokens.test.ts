/** Tokens of a provider that the test runs: discovery, keys and tokens over TLS. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { generateKeyPairSync, type KeyObject, randomBytes } from "node:crypto";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import type { JsonObject } from "@rktnetes/api/schema";
import { systemClock } from "@shared/base";
import { createAuthority, issueCertificate } from "../../certificates/certificates.ts";
import { keyIdOf, signToken } from "./jwt.ts";
import { type OidcClaims, userByClaims } from "./oidc-claims.ts";
import { type OidcOptions, OidcTokens } from "./oidc-tokens.ts";

let provider: Server;
let authority = "";
let issuer = "";
let served: KeyObject[] = [];
let asked = 0;
/** The test moves it: keys are not asked for at will. */
let later = 0;

const HOST = {
  clock: { ...systemClock, now: () => systemClock.now() + later },
  uuid: () => "",
  letters: () => "",
  random: () => 0,
};

beforeAll(async () => {
  const now = systemClock.now();
  const times = { notBeforeMs: now - 60_000, notAfterMs: now + 3_600_000 };
  const own = createAuthority({ ...times, commonName: "idp", serial: randomBytes(16) });
  authority = own.certificate;
  const { key, certificate } = issueCertificate(own, {
    ...times,
    commonName: "idp",
    purpose: "server",
    names: ["127.0.0.1"],
    serial: randomBytes(16),
  });
  provider = createServer({ key, cert: certificate }, (request, response) => {
    asked++;
    const keys = served.map((each) => ({
      ...each.export({ format: "jwk" }),
      use: "sig",
      kid: keyIdOf(each),
    }));
    const isKeys = request.url === "/keys";
    response.end(JSON.stringify(isKeys ? { keys } : { issuer, jwks_uri: `${issuer}/keys` }));
  });
  await new Promise<void>((resolve) => provider.listen(0, "127.0.0.1", resolve));
  issuer = `https://127.0.0.1:${(provider.address() as AddressInfo).port}`;
});

afterAll(() => {
  provider.closeAllConnections();
  provider.close();
});

function optionsWith(parts: Partial<OidcOptions & OidcClaims> = {}): OidcOptions {
  const claims = {
    usernameClaim: "sub",
    usernamePrefix: undefined,
    groupsClaim: "groups",
    groupsPrefix: "oidc:",
    requiredClaims: {},
    ...parts,
  };
  const userOf = userByClaims(issuer, claims);
  return { issuer, audiences: ["kubernetes"], algorithms: ["RS256"], authority, userOf, ...parts };
}

function newKey(): { readonly key: KeyObject; readonly sign: (claims: JsonObject) => string } {
  const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  served = [publicKey];
  const signing = { id: keyIdOf(publicKey), algorithm: "RS256", key: privateKey };
  const sign = (claims: JsonObject): string =>
    signToken(signing, {
      iss: issuer,
      aud: "kubernetes",
      sub: "jane",
      exp: Math.floor(HOST.clock.now() / 1000) + 300,
      ...claims,
    });
  return { key: publicKey, sign };
}

test("claims become a user", async () => {
  const { sign } = newKey();
  const tokens = new OidcTokens(optionsWith(), HOST);
  expect(await tokens.check(sign({ groups: ["devs", "ops"] }))).toMatchObject({
    type: "user",
    user: { name: `${issuer}#jane`, groups: ["oidc:devs", "oidc:ops"] },
  });
  const mail = optionsWith({ usernameClaim: "email", groupsPrefix: "", usernamePrefix: "idp:" });
  const byMail = new OidcTokens(mail, HOST);
  const good = sign({ email: "j@x.io", email_verified: true, groups: "devs" });
  expect(await byMail.check(good)).toMatchObject({
    user: { name: "idp:j@x.io", groups: ["devs"] },
  });
  const unverified = sign({ email: "j@x.io", email_verified: false });
  expect((await byMail.check(unverified)).type).toBe("bad");
});

test("what is not meant for this cluster, or over, is refused", async () => {
  const { sign } = newKey();
  const tokens = new OidcTokens(optionsWith({ requiredClaims: { hd: "x.io" } }), HOST);
  const rows: readonly (readonly [JsonObject, string, string])[] = [
    [{ hd: "x.io" }, "user", "as it should be"],
    [{ hd: "y.io" }, "bad", "another value of a required claim"],
    [{}, "bad", "no required claim"],
    [{ hd: "x.io", aud: ["other"] }, "bad", "another audience"],
    [{ hd: "x.io", aud: ["other", "kubernetes"] }, "user", "one of several audiences"],
    [{ hd: "x.io", exp: 1 }, "bad", "expired"],
    [{ hd: "x.io", exp: "soon" }, "bad", "no time at all"],
    [{ hd: "x.io", iss: "https://other" }, "unknown", "another issuer"],
  ];
  for (const [claims, wanted, why] of rows) {
    expect((await tokens.check(sign(claims))).type, why).toBe(wanted as "user");
  }
});

test("new keys of the provider are found, and nobody makes it ask all the time", async () => {
  const first = newKey();
  const tokens = new OidcTokens(optionsWith(), HOST);
  expect((await tokens.check(first.sign({}))).type).toBe("user");
  const second = newKey();
  later += 20_000;
  expect((await tokens.check(second.sign({}))).type).toBe("user");
  expect((await tokens.check(first.sign({}))).type).toBe("bad");
  asked = 0;
  for (let at = 0; at < 20; at++) await tokens.check(first.sign({ at }));
  expect(asked).toBe(0);
});

test("a provider that cannot be trusted or reached lets nobody in", async () => {
  const { sign } = newKey();
  const untrusted = new OidcTokens(optionsWith({ authority: undefined }), HOST);
  expect(await untrusted.check(sign({}))).toMatchObject({ type: "bad" });
  const gone = "https://127.0.0.1:1";
  const unreachable = new OidcTokens(optionsWith({ issuer: gone }), HOST);
  expect(await unreachable.check(sign({ iss: gone }))).toMatchObject({ type: "bad" });
});
