/** `url("…")` and its parts. Pure. */
import { CelError, CelMap, type CelValue, Opaque } from "../values.ts";
import type { Library, PartialFunction } from "./library.ts";

const TYPE = "kubernetes.URL";

/** A path, or a URL with a scheme. */
function parse(text: string): URL | undefined {
  if (text.startsWith("/")) {
    return URL.canParse(text, "relative://") ? new URL(text, "relative://") : undefined;
  }
  if (!/^[a-zA-Z][a-zA-Z0-9+.-]*:/.test(text) || !URL.canParse(text)) return undefined;
  return new URL(text);
}

function part(read: (url: URL) => CelValue): PartialFunction {
  return ([value]) =>
    value instanceof Opaque && value.type === TYPE ? read(value.content as URL) : undefined;
}

function queryOf({ searchParams }: URL): CelMap {
  const map = new CelMap();
  for (const name of new Set(searchParams.keys())) map.set(name, searchParams.getAll(name));
  return map;
}

export const URL_FUNCTIONS: Library = {
  url: ([text]) => {
    if (typeof text !== "string") return undefined;
    const url = parse(text);
    if (url !== undefined) return new Opaque(TYPE, url, text);
    const why = `parse ${JSON.stringify(text)}: invalid URI for request`;
    throw new CelError(`URL parse error during conversion from string: ${why}`);
  },
  isURL: ([text]) => (typeof text === "string" ? parse(text) !== undefined : undefined),
  getScheme: part(({ protocol }) => (protocol === "relative:" ? "" : protocol.slice(0, -1))),
  getHost: part(({ host }) => host),
  getHostname: part(({ hostname }) => hostname.replaceAll(/^\[|\]$/g, "")),
  getPort: part(({ port }) => port),
  getEscapedPath: part(({ pathname }) => pathname),
  getQuery: part(queryOf),
};
