/**
 * `rktnetes server --only api`: opens the store, makes keys where there are none, listens, says so,
 * and serves until it is told to stop. Out: the exit status.
 */
import { randomBytes, randomUUID } from "node:crypto";
import { isIP, isIPv6 } from "node:net";
import { networkInterfaces } from "node:os";
import process from "node:process";
import { ApiServer } from "@rktnetes/apiserver/api-server";
import type { ServerHost } from "@rktnetes/apiserver/host";
import { HttpServer } from "@rktnetes/apiserver/http";
import type { Cidr } from "@rktnetes/api/values/ip";
import { chooseControllers } from "@rktnetes/controllers/run";
import { Fault, quote, systemClock, writeFileAtomic } from "@shared/base";
import {
  type Flag,
  type FlagGroup,
  type FlagValues,
  groupedHelpOf,
  parseFlags,
} from "../flags/flags.ts";
import { ADMISSION_FLAGS, readAdmissionPlugins } from "./admission-options.ts";
import { AUDIT_FLAGS, type AuditSettings, openAudit, readAuditSettings } from "./audit-options.ts";
import { AUTH_FLAGS } from "./auth-flags.ts";
import {
  type AuthSettings,
  announcedNames,
  readAuthSettings,
  readClientAuthority,
  readFrontProxyAuthority,
  readFrontProxyClient,
  readAuthOptions,
} from "./auth-options.ts";
import { openClusterKeys } from "./cluster-directory.ts";
import { kubeconfig } from "./kubeconfig.ts";
import { checkKubernetesFlags, featureGates, KUBERNETES_FLAGS } from "./kubernetes-flags.ts";
import { openStore, startUpkeep } from "./open-store.ts";
import {
  rangeTexts,
  readServiceRanges,
  SERVICE_RANGE_FLAG,
  serverAddresses,
} from "./service-ranges.ts";
import {
  followServingKeys,
  ownServingFiles,
  readServingFiles,
  readServingKeys,
  type ServingFiles,
  TLS_FLAGS,
} from "./serving-keys.ts";
import { readRequestsMax, REQUEST_FLAGS } from "./request-options.ts";
import {
  readStoreSettings,
  readUpkeep,
  STORE_FLAGS,
  type StoreSettings,
  type Upkeep,
  UPKEEP_FLAGS,
} from "./store-options.ts";
import { startControllers, startFlowControl, startPublishing } from "./start-controllers.ts";

const SERVER_FLAGS: readonly Flag[] = [
  { name: "only", value: "PART", usage: "runs this part and no other: api" },
  {
    name: "bind",
    also: "bind-address",
    value: "ADDRESS",
    usage: "listens on this address",
    initial: "127.0.0.1",
  },
  {
    name: "port",
    also: "secure-port",
    value: "N",
    usage: "listens on this port, 0 for any",
    initial: "6443",
  },
  {
    name: "advertise-address",
    value: "IP",
    usage: "publishes this address as that of the API server; the machine's own otherwise",
  },
  SERVICE_RANGE_FLAG,
  ...TLS_FLAGS,
  {
    name: "write-kubeconfig",
    value: "FILE",
    usage: "writes how the administrator enters the cluster",
  },
  {
    name: "controllers",
    value: "NAMES",
    usage: 'runs these controllers: "*" all, "-name" not that one',
    initial: "*",
  },
  ...REQUEST_FLAGS,
];

const GROUPS: readonly FlagGroup[] = [
  { title: "Server", flags: SERVER_FLAGS },
  { title: "Store", flags: [...STORE_FLAGS, ...UPKEEP_FLAGS] },
  { title: "Who may", flags: AUTH_FLAGS },
  { title: "Admission", flags: ADMISSION_FLAGS },
  { title: "Audit", flags: AUDIT_FLAGS },
  { title: "Of kube-apiserver, accepted as they are", flags: KUBERNETES_FLAGS },
];

const FLAGS: readonly Flag[] = GROUPS.flatMap(({ flags }) => flags);

interface ServerOptions {
  readonly bind: string;
  readonly port: number;
  readonly advertise: string | undefined;
  readonly serviceRanges: readonly Cidr[];
  readonly serving: ServingFiles | undefined;
  readonly store: StoreSettings;
  readonly upkeep: Upkeep;
  readonly requestsMax: number;
  readonly kubeconfig: string | undefined;
  readonly auth: AuthSettings;
  readonly admission: ReadonlySet<string>;
  readonly audit: AuditSettings | undefined;
  readonly controllers: readonly string[];
  /** All flags with their values. */
  readonly flags: ReadonlyMap<string, string>;
}

/** Running requests have so long to end once the server is told to stop. */
const GRACE_MS = 5000;

export async function server(argv: readonly string[]): Promise<number> {
  const { flags, help } = parseFlags(FLAGS, argv);
  if (help) {
    process.stdout.write(`usage: rktnetes server [flags]\n\n${groupedHelpOf(GROUPS)}`);
    return 0;
  }
  return await serve(readOptions(flags));
}

function readOptions(flags: FlagValues): ServerOptions {
  const only = flags.get("only");
  if (only !== "api") {
    const hint = 'say "--only api"';
    const part = only === undefined ? "the whole control plane" : `the part ${quote(only)}`;
    throw new Fault("unsupported", `run ${part}: there is no such thing yet`, { hint });
  }
  const port = flags.get("port") ?? "";
  if (!/^\d{1,5}$/.test(port) || Number(port) > 65_535) {
    throw new Fault("invalid", `invalid argument ${quote(port)} for --port: not a port`);
  }
  checkKubernetesFlags(flags);
  const gates = featureGates(flags);
  if (gates.length > 0) {
    process.stderr.write(`rktnetes: feature gates change nothing here: ${gates.join(", ")}\n`);
  }
  return {
    bind: flags.get("bind") ?? "",
    port: Number(port),
    advertise: readAdvertised(flags),
    serviceRanges: readServiceRanges(flags),
    serving: readServingFiles(flags),
    store: readStoreSettings(flags),
    upkeep: readUpkeep(flags),
    requestsMax: readRequestsMax(flags),
    kubeconfig: flags.get("write-kubeconfig"),
    auth: readAuthSettings(flags),
    admission: readAdmissionPlugins(flags),
    audit: readAuditSettings(flags),
    controllers: chooseControllers(flags.get("controllers") ?? ""),
    flags: new Map(FLAGS.map(({ name }) => [name, flags.get(name) ?? ""])),
  };
}

function readAdvertised(flags: FlagValues): string | undefined {
  const address = flags.get("advertise-address");
  if (address === undefined || isIP(address) !== 0) return address;
  const why = `invalid argument ${quote(address)} for --advertise-address: not an address`;
  throw new Fault("invalid", why);
}

async function serve(options: ServerOptions): Promise<number> {
  const { bind, serviceRanges, store: settings } = options;
  const { dataDirectory } = settings;
  const stop = stopSignal();
  const keys = openClusterKeys(dataDirectory, {
    nowMs: systemClock.now(),
    names: [...serverAddresses(serviceRanges), ...advertised(options), bind],
  });
  await using store = await openStore(settings);
  using _upkeep = startUpkeep(store, options.upkeep);
  const reachable = bind === "0.0.0.0" || bind === "::" ? "127.0.0.1" : bind;
  const auth = await readAuthOptions(options.auth, {
    dataDirectory,
    authority: keys.authority.certificate,
  });
  const clientAuthority = readClientAuthority(options.auth, keys.authority.certificate);
  const frontProxyAuthority = readFrontProxyAuthority(options.auth, keys.frontProxy.authority);
  await using opened = await openAudit(options.audit, MACHINE);
  const { audit } = opened;
  await using api = await ApiServer.open({
    store,
    host: MACHINE,
    serviceRanges: rangeTexts(serviceRanges),
    auth,
    admission: options.admission,
    requestsMax: options.requestsMax,
    audit,
    frontProxy: readFrontProxyClient(options.auth, keys.frontProxy.client),
    vouching: {
      clientAuthority,
      frontProxyAuthority: frontProxyAuthority + keys.frontProxy.authority,
      frontProxyNames: announcedNames(options.auth),
    },
  });
  api.flags = options.flags;
  const http = new HttpServer(api, {
    host: bind,
    port: options.port,
    ...(options.serving === undefined ? keys.server : readServingKeys(options.serving)),
    clientAuthority,
    frontProxyAuthority,
  });
  const serving = options.serving ?? ownServingFiles(dataDirectory);
  using _renewal = followServingKeys(serving, (pair) => http.renew(pair));
  const port = await http.listen({ host: bind, port: options.port });
  api.address = `${authorityOf(reachable)}:${port}`;
  const authority = keys.authority.certificate;
  await startPublishing(api, { port, addresses: advertised(options) }, authority);
  const url = `https://${api.address}`;
  writeKubeconfig(options, url, keys);
  process.stdout.write(`rktnetes: the API server is ready on ${url}\n`);
  startFlowControl(api, authority);
  startControllers(api, options.controllers, keys.authority);
  await stop;
  api.beginStop();
  await Promise.race([http.close(), systemClock.sleep(GRACE_MS)]);
  return 0;
}

/** Under which addresses others reach this machine. */
function advertised({ bind, advertise }: ServerOptions): readonly string[] {
  if (advertise !== undefined) return [advertise];
  if (isIP(bind) !== 0 && !/^(?:0\.0\.0\.0|127\..*|::1?)$/.test(bind)) return [bind];
  const all = Object.values(networkInterfaces()).flatMap((each) => each ?? []);
  const found = all.find(({ family, internal }) => family === "IPv4" && !internal);
  return found === undefined ? [] : [found.address];
}

function authorityOf(host: string): string {
  return isIPv6(host) ? `[${host}]` : host;
}

function writeKubeconfig(
  { kubeconfig: file }: ServerOptions,
  url: string,
  { authority, admin }: ReturnType<typeof openClusterKeys>,
): void {
  if (file === undefined) return;
  const text = kubeconfig({ server: url, authority: authority.certificate, client: admin });
  try {
    writeFileAtomic(file, text, { mode: 0o600 });
  } catch (error) {
    throw new Fault("denied", `write the kubeconfig ${quote(file)}`, { cause: error });
  }
}

/** Resolves when the process is asked to end. */
function stopSignal(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => resolve());
  });
}

/** As in generated names: no vowels, no digits that look like letters. */
const ALPHABET = "bcdfghjklmnpqrstvwxz2456789";

const MACHINE: ServerHost = {
  clock: systemClock,
  uuid: randomUUID,
  letters: (count) => Array.from({ length: count }, letter).join(""),
  random: () => randomBytes(4).readUInt32BE() / 2 ** 32,
};

/** Bytes beyond the last whole alphabet are thrown away: every letter is as likely. */
function letter(): string {
  for (;;) {
    const byte = randomBytes(1)[0] ?? 0;
    if (byte < 243) return ALPHABET[byte % ALPHABET.length] ?? "";
  }
}
