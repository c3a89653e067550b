/**
 * Finds where an image or a key is, by its name. In: an appc name and labels; out: a URL. Asks the
 * name's own host and, going up the path, its ancestors, for `ac-discovery` meta tags. https, or
 * http only where that was allowed.
 *
 * @see appc 0.8.11, discovery.md
 */
import type { Platform } from "@rkt/spec";
import { Fault, MiB, quote } from "@shared/base";
import { getSmall, type HttpHost } from "../http.ts";
import type { Insecure } from "../host.ts";
import { fillTemplate, type ImageName, metaTags, templateValues } from "./meta.ts";

const PAGE_BYTES_MAX: number = 2 * MiB;

export interface DiscoveryOptions {
  readonly platform: Platform;
  readonly insecure: Insecure;
}

/** Where an archive and its detached signature are. */
export interface Endpoint {
  readonly archive: string;
  readonly signature: string;
}

/** URLs for a name. @throws {Fault} "not-found" with rkt's "discovery failed" */
export async function discoverImage(
  host: HttpHost,
  image: ImageName,
  options: DiscoveryOptions,
): Promise<Endpoint> {
  const values = templateValues(image, options.platform);
  return await discover(host, image.name, {
    insecure: options.insecure,
    read: (page) =>
      metaTags(page, "ac-discovery")
        .filter(({ prefix }) => image.name.startsWith(prefix))
        .map(({ target }) => endpointOf(target, values))
        .find((endpoint) => endpoint !== undefined),
  });
}

function endpointOf(template: string, values: ReadonlyMap<string, string>): Endpoint | undefined {
  const archive = fillTemplate(template, values);
  const signature = fillTemplate(template, new Map([...values, ["ext", "aci.asc"]]));
  if (archive === undefined || signature === undefined) return undefined;
  return URL.canParse(archive) && URL.canParse(signature) ? { archive, signature } : undefined;
}

/** URLs of the keys for a prefix, in the order of the page. @throws {Fault} "not-found" */
export async function discoverKeys(
  host: HttpHost,
  prefix: string,
  insecure: Insecure,
): Promise<string[]> {
  return await discover(host, prefix, {
    insecure,
    read: (page) => {
      const tags = metaTags(page, "ac-discovery-pubkeys");
      const urls = tags.filter((tag) => prefix.startsWith(tag.prefix)).map(({ target }) => target);
      return urls.length > 0 ? urls : undefined;
    },
  });
}

interface Discovery<T> {
  readonly insecure: Insecure;
  /** What is looked for, if the page has it. */
  readonly read: (page: string) => T | undefined;
}

async function discover<T>(host: HttpHost, name: string, options: Discovery<T>): Promise<T> {
  let failure: unknown;
  for (let path = name; path !== ""; path = path.slice(0, Math.max(0, path.lastIndexOf("/")))) {
    for (const scheme of options.insecure.http ? ["https", "http"] : ["https"]) {
      try {
        const found = options.read(await readPage(host, `${scheme}://${path}`, options.insecure));
        if (found !== undefined) return found;
      } catch (error) {
        failure ??= error;
      }
    }
  }
  throw new Fault("not-found", `find ${quote(name)}: discovery failed`, {
    ...(failure !== undefined && { cause: failure }),
  });
}

async function readPage(host: HttpHost, place: string, insecure: Insecure): Promise<string> {
  const request = {
    url: `${place}?ac-discovery=1`,
    insecureTls: insecure.tls,
    downgrade: insecure.http,
  };
  return new TextDecoder().decode(await getSmall(host, request, PAGE_BYTES_MAX));
}
