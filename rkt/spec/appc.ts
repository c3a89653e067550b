/**
 * The documents of appc 0.8.11 as types: image manifest and pod manifest. Data only;
 * `image-manifest.ts` and `pod-manifest.ts` parse and print them.
 *
 * @see appc 0.8.11, aci.md and pods.md
 */

/** Version of the appc specification that this program writes. */
export const APPC_VERSION = "0.8.11";

/** A label, an annotation, or a variable of the environment. */
export interface NameValue {
  readonly name: string;
  readonly value: string;
}

/** A rule on resources or rights, e.g. `{ name: "resource/memory", value: { limit: "128M" } }`. */
export interface Isolator {
  readonly name: string;
  readonly value: unknown;
}

/** A command that runs before or after an app, in its root. */
export interface EventHandler {
  readonly name: "pre-start" | "post-stop";
  readonly exec: readonly string[];
}

/** A place in an image that waits for a volume. @see appc 0.8.11, aci.md, mountPoints */
export interface MountPoint {
  readonly name: string;
  /** Absolute, inside the app's root. */
  readonly path: string;
  readonly readOnly?: boolean;
}

/** A port on which an app listens, inside the pod; a count of 1 unless told. */
export interface ImagePort {
  readonly name: string;
  readonly protocol: string;
  readonly port: number;
  readonly count?: number;
  readonly socketActivated?: boolean;
}

/** What an image says about how it is run. @see appc 0.8.11, aci.md, app */
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

/** An image whose files lie below those of this one. @see appc 0.8.11, aci.md, dependencies */
export interface Dependency {
  readonly imageName: string;
  readonly imageID?: string;
  readonly labels?: readonly NameValue[];
  readonly size?: number;
}

/** What an image is. @see appc 0.8.11, aci.md "Image Manifest Schema" */
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

/** A directory that apps of a pod share. @see appc 0.8.11, pods.md, volumes */
export interface Volume {
  readonly name: string;
  /** appc has the first two. A named one outlives pods; one of kind tmpfs lies in memory. */
  readonly kind: "host" | "empty" | "named" | "tmpfs";
  /** Of kind host an absolute path on the host; of kind named a name, its own unless told. */
  readonly source?: string;
  readonly readOnly?: boolean;
  /** Also what is mounted below the source; true unless told. */
  readonly recursive?: boolean;
  /** Octal text such as "0755"; not of kind host. */
  readonly mode?: string;
  /** A quantity such as "64M"; kind tmpfs only. */
  readonly size?: string;
  readonly uid?: number;
  readonly gid?: number;
}

/** A volume at a place inside one app. @see appc 0.8.11, pods.md, mounts */
export interface Mount {
  /** Name of a volume. */
  readonly volume: string;
  readonly path: string;
  readonly appVolume?: Volume;
}

/**
 * An app of a pod: an image, and what differs from its own wishes. @see appc 0.8.11, pods.md, apps
 */
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

/** A port of the host that leads to a port of the pod. @see appc 0.8.11, pods.md, ports */
export interface ExposedPort {
  readonly name: string;
  readonly hostPort: number;
  readonly hostIP?: string;
  readonly podPort?: ImagePort;
}

/**
 * What a pod is; an absent list prints as `null`. @see appc 0.8.11, pods.md "Pod Manifest Schema"
 */
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
