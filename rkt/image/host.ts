/**
 * What this package needs of the world, as parameters. Data only: each function asks for the part
 * that it uses.
 */
import type { Clock } from "@shared/base";
import type { Site } from "./config/site.ts";
import type { Store } from "./store/store.ts";

/** A download on its way; `id` tells parallel ones apart. */
export interface ProgressEvent {
  readonly id: string;
  /** As it stands before the bar, e.g. `Downloading sha256:2fdfe1cd78c`. */
  readonly label: string;
  readonly doneBytes: number;
  /** Absent where the server does not tell. */
  readonly totalBytes?: number;
  /** True once: all bytes are there, or no more come. */
  readonly ended: boolean;
}

/** How keys that the host of an image's name offers become trusted. */
export interface KeyReview {
  /** The tree to write to: `/etc/rkt/trustedkeys`. */
  readonly keyTree: string;
  /** A whole line for standard output. */
  readonly out: (line: string) => void;
  /** Asks the question until it is answered; absent where there is nobody to ask. */
  readonly review?: (question: string) => Promise<boolean>;
  /** Keys that came over https need no review. */
  readonly trustHttps: boolean;
}

/** Everything `pull` uses. */
export interface ImageHost {
  readonly clock: Clock;
  /** A number in [0, 1). */
  readonly random: () => number;
  /** Program and arguments that start our own executable, e.g. `["/proc/self/exe"]`. */
  readonly self: readonly string[];
  readonly store: Store;
  /** Trusted-key trees, the vendor's first: `/usr/lib/rkt/trustedkeys`, `/etc/rkt/trustedkeys`. */
  readonly keyTrees: readonly string[];
  /** Directories of trust policies, the vendor's first, as `/usr/lib/rkt/trust.d`; or none. */
  readonly policyDirectories?: readonly string[];
  /** Where it is absent, keys are not looked for. */
  readonly keyReview?: KeyReview;
  /** We may not unpack layers: they stay packed until root uses the image. */
  readonly unprivileged?: boolean;
  /** Our version, as servers see it in User-Agent. */
  readonly version: string;
  /** Certificate authorities to trust instead of the built-in ones, as PEM. */
  readonly authorities?: string;
  /** Credentials, mirrors and certificates of this site; read when something far is asked for. */
  readonly site?: () => Site;
  /** The proxy for a URL; undefined where there is none. */
  readonly proxyOf?: (url: string) => string | undefined;
  /** How long a server may be silent before its answer; 30 s unless told. */
  readonly patienceMs?: number;
  /** One whole line for the person who waits, e.g. `image: using image from file P`. */
  readonly note: (line: string) => void;
  readonly progress: (event: ProgressEvent) => void;
  readonly signal?: AbortSignal;
}

/** Security features that a person has switched off, as in `--insecure-options`. */
export interface Insecure {
  /** Images without proof of origin are accepted. */
  readonly image: boolean;
  /** Plain HTTP is allowed for registries and discovery. */
  readonly http: boolean;
  /** Certificates are not checked. */
  readonly tls: boolean;
  /** Keys may be fetched over plain HTTP. */
  readonly pubkey: boolean;
}

/** Nothing is switched off. */
export const SECURE: Insecure = { image: false, http: false, tls: false, pubkey: false };
