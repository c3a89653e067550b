/**
 * The documents of appc 0.8.11 as types: image manifest and pod manifest. Data only; `image-manifest.ts` and
 * `pod-manifest.ts` parse and print them.
 *
 * @see appc 0.8.11, aci.md and pods.md
 */

/** Version of the appc specification that this program writes. */
export const APPC_VERSION = "0.8.11";

export interface NameValue {
  readonly name: string;
  readonly value: string;
}

/** A rule on resources or rights, e.g. `{ name: "resource/memory", value: { limit: "128M" } }`. */
export interface Isolator {
  readonly name: string;
  readonly value: unknown;
}

export interface EventHandler {
  readonly name: "pre-start" | "post-stop";
  readonly exec: readonly string[];
}

export interface MountPoint {
  readonly name: string;
  /** Absolute, inside the app's root. */
  readonly path: string;
  readonly readOnly?: boolean;
}

export interface ImagePort {
  readonly name: string;
  readonly protocol: string;
  readonly port: number;
  readonly count?: number;
  readonly socketActivated?: boolean;
}

export interface App {
  /** Empty where the image leaves the command to `--exec`. */
  readonly exec: readonly string[];
  /** A name, a number, or a path whose owner is meant. */
  readonly user: string;
  readonly group: string;
  readonly supplementaryGIDs?: readonly number[];
  readonly eventHandlers?: readonly EventHandler[];
  readonly workingDirectory?: string;
  readonly environment?: readonly NameValue[];
  readonly mountPoints?: readonly MountPoint[];
  readonly ports?: readonly ImagePort[];
  readonly isolators?: readonly Isolator[];
  readonly userAnnotations?: Readonly<Record<string, string>>;
  readonly userLabels?: Readonly<Record<string, string>>;
}

export interface Dependency {
  readonly imageName: string;
  readonly imageID?: string;
  readonly labels?: readonly NameValue[];
  readonly size?: number;
}

export interface ImageManifest {
  readonly acKind: "ImageManifest";
  readonly acVersion: string;
  readonly name: string;
  readonly labels?: readonly NameValue[];
  readonly app?: App;
  readonly annotations?: readonly NameValue[];
  readonly dependencies?: readonly Dependency[];
  readonly pathWhitelist?: readonly string[];
}

export interface Volume {
  readonly name: string;
  readonly kind: "host" | "empty";
  /** Absolute path on the host; kind host only. */
  readonly source?: string;
  readonly readOnly?: boolean;
  /** Also what is mounted below the source; true unless told. */
  readonly recursive?: boolean;
  /** Octal text such as "0755"; kind empty only. */
  readonly mode?: string;
  readonly uid?: number;
  readonly gid?: number;
}

export interface Mount {
  /** Name of a volume. */
  readonly volume: string;
  readonly path: string;
  readonly appVolume?: Volume;
}

export interface RuntimeApp {
  readonly name: string;
  readonly image: {
    readonly id: string;
    readonly name?: string;
    readonly labels?: readonly NameValue[];
  };
  /** Replaces the image's app altogether. */
  readonly app?: App;
  readonly readOnlyRootFS?: boolean;
  readonly mounts?: readonly Mount[];
  readonly annotations?: readonly NameValue[];
}

export interface ExposedPort {
  readonly name: string;
  readonly hostPort: number;
  readonly hostIP?: string;
  readonly podPort?: ImagePort;
}

export interface PodManifest {
  readonly acKind: "PodManifest";
  readonly acVersion: string;
  readonly apps: readonly RuntimeApp[];
  readonly volumes?: readonly Volume[];
  readonly isolators?: readonly Isolator[];
  readonly annotations?: readonly NameValue[];
  readonly ports?: readonly ExposedPort[];
  readonly userAnnotations?: Readonly<Record<string, string>>;
  readonly userLabels?: Readonly<Record<string, string>>;
}
