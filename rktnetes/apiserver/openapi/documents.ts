/**
 * The OpenAPI documents of what is served now. In: the kinds. Out: bytes with their hash, made when
 * somebody asks and kept until a kind of theirs comes or goes.
 */
import { createHash } from "node:crypto";
import { setImmediate } from "node:timers/promises";
import type { GroupVersion } from "@rktnetes/api/kind";
import type { JsonObject } from "@rktnetes/api/schema";
import { apiVersionOf } from "../registry/resource.ts";
import type { ServedKinds } from "../served-kinds.ts";

/** A document that is ready. */
export interface Document {
  readonly body: Buffer;
  /** In hexadecimal digits. */
  readonly hash: string;
}

interface Made extends Document {
  /** What it was made of. */
  readonly sources: readonly object[];
}

/** What other servers say of what they serve in this server's place. */
export interface ForeignDocuments {
  /** Documents by their paths, as the index has them. */
  version3(): Promise<ReadonlyMap<string, JsonObject>>;
  /** Parts of version 2 documents, to be merged. */
  version2(): Promise<readonly JsonObject[]>;
}

/** Paths beside the APIs that have a document of their own. */
const OTHERS: readonly string[] = [".well-known/openid-configuration", "openid/v1/jwks", "version"];

export class OpenApiDocuments {
  readonly #kinds: ServedKinds;
  readonly #foreign: ForeignDocuments;
  readonly #made = new Map<string, Made>();

  constructor(kinds: ServedKinds, foreign: ForeignDocuments) {
    this.#kinds = kinds;
    this.#foreign = foreign;
  }

  /** Paths of all version 3 documents, each with its hash. */
  async index(): Promise<JsonObject> {
    const found: JsonObject = {};
    for (const path of this.#paths(await this.#foreign.version3())) {
      const { hash } = (await this.version3(path)) ?? { hash: "" };
      found[path] = { serverRelativeURL: `/openapi/v3/${path}?hash=${hash}` };
    }
    return { paths: found };
  }

  #paths(foreign: ReadonlyMap<string, JsonObject>): readonly string[] {
    const all = this.#kinds.groupVersions();
    const own = all.map(({ group }) => (group === "" ? "api" : `apis/${group}`));
    const others = [...foreign.keys()].flatMap((path) => [path, path.replace(/\/[^/]+$/, "")]);
    return [...new Set([...OTHERS, "apis", ...own, ...all.map(pathOf), ...others])].sort();
  }

  /** The document of a path as the index names it; undefined when there is none. */
  async version3(path: string): Promise<Document | undefined> {
    const foreign = await this.#foreign.version3();
    const theirs = foreign.get(path);
    if (theirs !== undefined) return await this.#make(`3 ${path}`, [theirs], () => encode(theirs));
    const api = this.#kinds.groupVersions().find((each) => pathOf(each) === path);
    if (api === undefined && !this.#paths(foreign).includes(path)) return undefined;
    const kinds = api === undefined ? [] : this.#kinds.of(api.group, api.version);
    return await this.#make(`3 ${path}`, kinds, async () => {
      const { openApi3, openApi3Index } = await import("@rktnetes/api/openapi/version-3");
      return encode(api === undefined ? openApi3Index(path) : openApi3(api, kinds));
    });
  }

  /** The version 2 document of everything, as JSON or in the form of gnostic. */
  async version2(form: "json" | "protobuf"): Promise<Document> {
    const apis = this.#kinds.groupVersions().map((api) => {
      return { api, kinds: this.#kinds.of(api.group, api.version) };
    });
    const foreign = await this.#foreign.version2();
    const all = apis.flatMap(({ kinds }) => kinds);
    return await this.#make(`2 ${form}`, [...all, ...foreign], async () => {
      const { openApi2 } = await import("@rktnetes/api/openapi/version-2");
      const own = openApi2(apis);
      const { mergeVersion2 } = await import("../aggregation/remote-openapi.ts");
      const document = foreign.length === 0 ? own : mergeVersion2(own, foreign);
      if (form === "json") return encode(document);
      const { gnosticDocument } = await import("@rktnetes/api/openapi/gnostic");
      return gnosticDocument(document);
    });
  }

  async #make(
    key: string,
    sources: readonly object[],
    make: () => Buffer | Promise<Buffer>,
  ): Promise<Document> {
    const known = this.#made.get(key);
    if (known !== undefined && isSame(known.sources, sources)) return known;
    await setImmediate(); // others get their answers between two documents
    const body = await make();
    const hash = createHash("sha512").update(body).digest("hex").toUpperCase();
    const made = { body, hash, sources };
    this.#made.set(key, made);
    return made;
  }
}

function pathOf(api: GroupVersion): string {
  return `${api.group === "" ? "api" : "apis"}/${apiVersionOf(api)}`;
}

function isSame(a: readonly object[], b: readonly object[]): boolean {
  return a.length === b.length && a.every((source, index) => source === b[index]);
}

function encode(document: JsonObject): Buffer {
  return Buffer.from(JSON.stringify(document, plainNumber));
}

/** Schemas of custom kinds may hold integers that JSON.stringify does not know. */
function plainNumber(_key: string, value: unknown): unknown {
  return typeof value === "bigint" ? Number(value) : value;
}
