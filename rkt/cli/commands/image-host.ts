/** What the image package needs of the world, made of the command's host and the global flags. */
import { join } from "node:path";
import process from "node:process";
import {
  type ImageHost,
  type Insecure,
  type KeyReview,
  loadSite,
  progressBars,
  proxiesOf,
  type Site,
  type Store,
} from "@rkt/image";
import { isTerminal } from "@shared/linux";
import {
  insecureOptions,
  localConfig,
  systemConfig,
  trustKeysFromHttps,
  userConfig,
} from "../flags/global.ts";
import type { Call } from "../grammar/command.ts";
import type { Host } from "../host.ts";
import { VERSION } from "../version.ts";
import { askYesOrNo } from "./ask-yes-or-no.ts";
import { authoritiesOf } from "./authorities.ts";

export function imageHostOf(host: Host, call: Call, store: Store): ImageHost {
  const effects = {
    clock: host.clock,
    random: host.random,
    self: host.self,
    store,
    keyTrees: configRootsOf(call).map((root) => join(root, "trustedkeys")),
    unprivileged: process.geteuid?.() !== 0,
    policyDirectories: configRootsOf(call).map((root) => join(root, "trust.d")),
    keyReview: keyReviewOf(host, call),
    version: VERSION,
    note: host.note,
    progress: progressOf(host),
  };
  return Object.assign(networkOf(host, call), effects);
}

type NetworkEffects = Pick<ImageHost, "authorities" | "patienceMs" | "proxyOf" | "site">;

/** How far places are asked, whatever for. */
export function networkOf(host: Host, call: Call): NetworkEffects {
  const own = { site: siteOf(host, call), proxyOf: proxiesOf(host.environment) };
  return Object.assign(authoritiesOf(host), patienceOf(host), own);
}

/**
 * `RKT_NETWORK_TIMEOUT`: seconds that a server may be silent. What is no number counts as unset.
 */
function patienceOf({ environment }: Host): Pick<ImageHost, "patienceMs"> {
  const seconds = Number(environment["RKT_NETWORK_TIMEOUT"] || Number.NaN);
  return seconds > 0 && seconds < 86_400 ? { patienceMs: seconds * 1000 } : {};
}

/** Where new keys go, and the person who looks at them, if there is one. */
export function keyReviewOf(host: Host, { flags }: Call): KeyReview {
  return {
    keyTree: join(flags.get(localConfig), "trustedkeys"),
    out: (line) => host.print(`${line}\n`),
    trustHttps: flags.get(trustKeysFromHttps),
    ...(isTerminal(0) ? { review: async (question) => askYesOrNo(host, question) } : {}),
  };
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

/** The configuration directories, the vendor's first: later ones override. */
function configRootsOf({ flags }: Call): readonly string[] {
  const roots = [flags.get(systemConfig), flags.get(localConfig), flags.get(userConfig)];
  return roots.filter((root) => root !== "");
}

/** Read once, when something far is asked for: most commands never are. */
function siteOf({ environment }: Host, call: Call): () => Site {
  let site: Site | undefined;
  return () => (site ??= loadSite({ roots: configRootsOf(call), environment }));
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
