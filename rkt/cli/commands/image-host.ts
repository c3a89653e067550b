/** What the image package needs of the world, made of the command's host and the global flags. */
import { join } from "node:path";
import { type ImageHost, type Insecure, progressBars, type Store } from "@rkt/image";
import { insecureOptions, localConfig, systemConfig, userConfig } from "../flags/global.ts";
import type { Call } from "../grammar/command.ts";
import type { Host } from "../host.ts";
import { VERSION } from "../version.ts";
import { authoritiesOf } from "./authorities.ts";

export function imageHostOf(host: Host, call: Call, store: Store): ImageHost {
  const effects = {
    clock: host.clock,
    random: host.random,
    self: host.self,
    store,
    keyTrees: keyTreesOf(call),
    version: VERSION,
    note: host.note,
    progress: progressOf(host),
  };
  return Object.assign(authoritiesOf(host), effects);
}

/** Bars are for people: what is not a terminal sees nothing of the progress. */
function progressOf(host: Host): ImageHost["progress"] {
  let show: ImageHost["progress"] | undefined;
  return (event) => {
    show ??= openBars(host);
    show(event);
  };
}

function openBars(host: Host): ImageHost["progress"] {
  const columns = host.columns();
  if (columns === undefined) return () => undefined;
  const write = (text: string): void => host.write("stderr", Buffer.from(text));
  return progressBars({ columns, write });
}

/** The trees of trusted keys, the vendor's first. */
function keyTreesOf({ flags }: Call): readonly string[] {
  const roots = [flags.get(systemConfig), flags.get(localConfig), flags.get(userConfig)];
  return roots.filter((root) => root !== "").map((root) => join(root, "trustedkeys"));
}

export function insecureOf({ flags }: Call): Insecure {
  const options = flags.get(insecureOptions);
  return {
    image: options.has("image"),
    http: options.has("http"),
    tls: options.has("tls"),
    pubkey: options.has("pubkey"),
  };
}
