/** What registries answer when they are asked for referrers: with the API, in pages, without it. */
import { afterAll, expect, test } from "bun:test";
import { describeFault } from "@shared/base";
import { httpGet, statusFault } from "../http.ts";
import { newBench } from "../testdata/bench.ts";
import { registryAttachments } from "./registry-attachments.ts";

const DIGEST = `sha256:${"a".repeat(64)}` as const;
const entry = (character: string) => ({
  mediaType: "application/vnd.oci.image.manifest.v1+json",
  digest: `sha256:${character.repeat(64)}`,
  size: 1,
  artifactType: "application/vnd.example",
});
const index = (...characters: string[]): string =>
  JSON.stringify({ schemaVersion: 2, manifests: characters.map(entry) });

type Answers = Readonly<Record<string, () => Response>>;
let answers: Answers = {};
const server = Bun.serve({
  hostname: "127.0.0.1",
  port: 0,
  fetch: (request) => {
    const { pathname, search } = new URL(request.url);
    return answers[`${pathname}${search}`]?.() ?? new Response("", { status: 404 });
  },
});
const bench = newBench();
afterAll(async () => {
  await server.stop(true);
  bench[Symbol.dispose]();
});

const attachments = registryAttachments({
  url: `http://127.0.0.1:${server.port}/v2/a`,
  open: async (url, headers) => {
    const reply = await httpGet(bench.host, { url, headers });
    if (reply.status === 200) return reply;
    await reply.body.return();
    throw statusFault(reply);
  },
});

const digestsOf = async (given: Answers): Promise<string[]> => {
  answers = given;
  return (await attachments.referrers(DIGEST)).map(({ digest }) => digest.slice(7, 8));
};
const list = `/v2/a/referrers/${DIGEST}`;
const tag = `/v2/a/manifests/${DIGEST.replace(":", "-")}`;

test("the API", async () => {
  const given = { [list]: () => new Response(index("1", "2")), [tag]: () => new Response("{") };
  expect(await digestsOf(given)).toEqual(["1", "2"]);
});

test("the API, in pages", async () => {
  const link = { headers: { link: `<${list}?n=1>; rel="next"` } };
  const given = {
    [list]: () => new Response(index("1"), link),
    [`${list}?n=1`]: () => new Response(index("2")),
  };
  expect(await digestsOf(given)).toEqual(["1", "2"]);
});

test("a page elsewhere is not asked for", async () => {
  const link = { headers: { link: '<http://127.0.0.1:1/steal>; rel="next"' } };
  expect(await digestsOf({ [list]: () => new Response(index("1"), link) })).toEqual(["1"]);
});

test("pages that never end are left at some time", async () => {
  const link = { headers: { link: `<${list}>; rel="next"` } };
  expect(await digestsOf({ [list]: () => new Response(index("1"), link) })).toHaveLength(10);
});

for (const status of [404, 400, 405]) {
  test(`without the API (${status}), the tag`, async () => {
    const given = {
      [list]: () => new Response("", { status }),
      [tag]: () => new Response(index("3")),
    };
    expect(await digestsOf(given)).toEqual(["3"]);
  });
}

test("neither: nothing is attached", async () => {
  expect(await digestsOf({})).toEqual([]);
});

test("a registry that fails is no registry without attachments", async () => {
  const failing = digestsOf({ [list]: () => new Response("", { status: 503 }) });
  const error: unknown = await failing.then(
    () => "it did not fail",
    (thrown: unknown) => thrown,
  );
  expect(describeFault(error)).toContain("503");
});
