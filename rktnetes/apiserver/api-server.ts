/**
 * The API server as one value: what `handle` needs for any request. Opening it loads nothing but
 * the store's revision; kinds and caches come with the first request for them.
 */
import { Admission } from "./admission/admission.ts";
import { choosePlugins } from "./admission/plugin-names.ts";
import { admissionPlugins } from "./admission/plugins.ts";
import { Lookup } from "./admission/lookup.ts";
import { ApiServices } from "./aggregation/api-services.ts";
import { AuthenticationMap, type Vouching } from "./aggregation/authentication-map.ts";
import type { Audit } from "./audit/audit.ts";
import { type Auth, type AuthOptions, openAuth } from "./auth/auth.ts";
import { RoleAggregation } from "./auth/rbac/aggregate-roles.ts";
import { TokenSecrets } from "./auth/tokens/token-secrets.ts";
import type { KeyPair } from "./certificates/certificates.ts";
import { bootstrap } from "./bootstrap/bootstrap.ts";
import { Definitions } from "./custom/definitions.ts";
import { Fairness } from "./fairness/fairness.ts";
import type { ServerHost } from "./host.ts";
import { Metrics } from "./health/metrics.ts";
import { ObjectCounts } from "./health/object-counts.ts";
import { OpenApiDocuments } from "./openapi/documents.ts";
import { Hub } from "./registry/cache/hub.ts";
import { Registry } from "./registry/registry.ts";
import { sharedVersionViews } from "./registry/shared-versions.ts";
import { ViewedStore } from "./registry/version-views.ts";
import { ServedKinds } from "./served-kinds.ts";
import type { Store } from "./storage/store.ts";

/** What a server is made of. */
export interface ApiServerOptions {
  readonly store: Store;
  readonly host: ServerHost;
  /** Keys and files that say who may enter. */
  readonly auth: AuthOptions;
  /** Names of the admission plug-ins that are on; the usual ones without it. */
  readonly admission?: ReadonlySet<string> | undefined;
  /** Writes down what is done; nothing is without it. */
  readonly audit?: Audit | undefined;
  /** Vouches for users before servers that answer for some of the API. */
  readonly frontProxy?: KeyPair | undefined;
  /** Told to such servers; they are told nothing without it. */
  readonly vouching?: Vouching | undefined;
  /** So many requests may run at once; as many as in Kubernetes without it. */
  readonly requestsMax?: number | undefined;
  /** Addresses that services of a fresh cluster have; the first range is the one of choice. */
  readonly serviceRanges?: readonly string[];
}

/** What `--service-cluster-ip-range` says where it is not given. */
export const SERVICE_RANGE = "10.96.0.0/16";

interface ServerParts {
  readonly host: ServerHost;
  readonly store: ViewedStore;
  readonly lookup: Lookup;
  readonly auth: Auth;
  readonly audit: Audit | undefined;
  readonly frontProxy: KeyPair | undefined;
  readonly vouching: Vouching | undefined;
  readonly requestsMax: number | undefined;
}

/** One API server; whoever opened it closes its store. */
export class ApiServer implements AsyncDisposable {
  readonly registry: Registry;
  readonly kinds: ServedKinds = new ServedKinds();
  readonly metrics: Metrics = new Metrics();
  readonly objectCounts: ObjectCounts;
  readonly openApi: OpenApiDocuments;
  readonly host: ServerHost;
  readonly auth: Auth;
  readonly lookup: Lookup;
  readonly fairness: Fairness;
  readonly audit: Audit | undefined;
  /** `host:port` under which clients reach this server; known once it listens. */
  address: string = "";
  /** What the process was started with, as `/flagz` shows it. */
  flags: ReadonlyMap<string, string> = new Map();
  readonly startedMs: number;
  /** Follows the definitions of custom kinds. */
  readonly definitions: Definitions;
  /** Follows who else answers for some of the API. */
  readonly apiServices: ApiServices;
  readonly #hub: Hub;
  readonly #aggregation: RoleAggregation;
  readonly #tokenSecrets: TokenSecrets;
  readonly #authenticationMap: AuthenticationMap | undefined;
  readonly #stop = new AbortController();

  private constructor(hub: Hub, registry: Registry, parts: ServerParts) {
    const { host, auth, store, lookup } = parts;
    this.#hub = hub;
    this.registry = registry;
    this.definitions = new Definitions({ registry, kinds: this.kinds, store, lookup });
    this.host = host;
    this.startedMs = host.clock.now();
    this.lookup = lookup;
    this.auth = auth;
    this.audit = parts.audit;
    const { kinds } = this;
    this.objectCounts = new ObjectCounts(registry, kinds);
    this.apiServices = new ApiServices({ registry, kinds, lookup, keys: parts.frontProxy });
    this.openApi = new OpenApiDocuments(kinds, this.apiServices.openApi);
    this.fairness = new Fairness(lookup, host, parts.requestsMax);
    this.#aggregation = new RoleAggregation(registry, lookup);
    if (parts.vouching !== undefined) {
      this.#authenticationMap = new AuthenticationMap(registry, parts.vouching);
    }
    this.#tokenSecrets = new TokenSecrets(registry, lookup, auth.tokens);
  }

  /** Opens the server on a store and writes what a fresh cluster has. */
  static async open(options: ApiServerOptions): Promise<ApiServer> {
    const { serviceRanges = [SERVICE_RANGE] } = options;
    await bootstrap(options.store, options.host, serviceRanges);
    const store = new ViewedStore(options.store, sharedVersionViews());
    const hub = await Hub.open(store, store);
    const { host } = options;
    const lookup: Lookup = new Lookup(() => registry);
    const auth = openAuth(options.auth, lookup, host);
    const parts = { registry: () => registry, kinds: () => server.kinds, lookup, host, auth };
    const plugins = await admissionPlugins(parts, options.admission ?? choosePlugins([], []));
    const admission: Admission = new Admission(plugins);
    const registry: Registry = new Registry({ hub, host, admission });
    const server: ApiServer = new ApiServer(hub, registry, {
      host,
      store,
      lookup,
      auth,
      audit: options.audit,
      frontProxy: options.frontProxy,
      vouching: options.vouching,
      requestsMax: options.requestsMax,
    });
    await server.definitions.start();
    await server.#aggregation.start();
    await server.#tokenSecrets.start();
    await server.apiServices.start();
    await server.#authenticationMap?.start();
    return server;
  }

  /** Aborts when the server is going down: watches end. */
  get stopping(): AbortSignal {
    return this.#stop.signal;
  }

  /** Ends all watches; other requests go on. */
  beginStop(): void {
    this.#stop.abort();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.beginStop();
    await this.#authenticationMap?.[Symbol.asyncDispose]();
    await this.apiServices[Symbol.asyncDispose]();
    await this.#tokenSecrets[Symbol.asyncDispose]();
    await this.#aggregation[Symbol.asyncDispose]();
    await this.#hub[Symbol.asyncDispose]();
  }
}
