/**
 * A request flows in, the pod manifest flows out, every mount resolved to a volume. Pure: nothing
 * is made before the whole request is known to be right.
 *
 * @see appc 0.8.11, pods.md; rkt stage1/init/common/mount.go for implicit volumes
 */
import type { StoredImage } from "@rkt/image";
import {
  type App,
  APPC_VERSION,
  checkStartOrder,
  type ExposedPort,
  type Isolator,
  type Mount,
  type MountPoint,
  type NameValue,
  parseAcName,
  type PodManifest,
  type RuntimeApp,
  NOTIFY_ANNOTATION,
  STOP_SIGNAL_ANNOTATION,
  valueOf,
  type Volume,
} from "@rkt/spec";
import { Fault, quote } from "@shared/base";

/** One app of the pod that is asked for. */
export interface AppRequest {
  /** An AC name, unique in the pod. */
  readonly name: string;
  readonly image: StoredImage;
  /** What `overrideApp` made of the image's app. */
  readonly app: App;
  readonly readOnlyRootFS?: boolean;
  readonly mounts?: readonly Mount[];
  readonly annotations?: readonly NameValue[];
}

/** The pod that is asked for; a field that is absent is empty. */
export interface PodRequest {
  readonly apps: readonly AppRequest[];
  readonly volumes?: readonly Volume[];
  readonly ports?: readonly ExposedPort[];
  readonly isolators?: readonly Isolator[];
  readonly annotations?: readonly NameValue[];
  readonly userAnnotations?: Readonly<Record<string, string>>;
  readonly userLabels?: Readonly<Record<string, string>>;
  /** Apps may be added and removed while the pod runs; it may begin without any. */
  readonly mutable?: boolean;
}

export interface PodPlan {
  readonly manifest: PodManifest;
  /** Lines that the person should see; the pod runs nevertheless. */
  readonly warnings: readonly string[];
}

const MUTABLE_ANNOTATION = "coreos.com/rkt/stage1/mutable";

/** The manifest of the pod that is asked for. @throws {Fault} "invalid" in rkt's words */
export function planPod(request: PodRequest): PodPlan {
  if (request.apps.length === 0 && request.mutable !== true) {
    throw new Fault("invalid", "no image IDs found");
  }
  checkApps(request.apps);
  checkStartOrder(request.apps);
  checkPorts(request);
  const plans = request.apps.map((app) => planApp(app, request.volumes ?? []));
  const volumes = [...(request.volumes ?? []), ...plans.flatMap((plan) => plan.implicit)];
  checkVolumes(volumes);
  return {
    manifest: {
      acVersion: APPC_VERSION,
      acKind: "PodManifest",
      apps: plans.map((plan) => plan.app),
      ...(volumes.length > 0 && { volumes }),
      ...(request.isolators && { isolators: request.isolators }),
      annotations: withMutable(request.annotations ?? [], request.mutable ?? false),
      ports: plannedPorts(request),
      ...(request.userAnnotations && { userAnnotations: request.userAnnotations }),
      ...(request.userLabels && { userLabels: request.userLabels }),
    },
    warnings: plans.flatMap((plan) => plan.warnings),
  };
}

function withMutable(given: readonly NameValue[], mutable: boolean): readonly NameValue[] {
  if (given.some(({ name }) => name === MUTABLE_ANNOTATION)) return given;
  return [...given, { name: MUTABLE_ANNOTATION, value: String(mutable) }];
}

/** Whether apps may be added to the pod and removed. */
export function isMutable({ annotations }: PodManifest): boolean {
  return annotations?.find(({ name }) => name === MUTABLE_ANNOTATION)?.value === "true";
}

/** The manifest with one more app. @throws {Fault} "invalid", "already-exists" in rkt's words */
export function planAddedApp(manifest: PodManifest, request: AppRequest): PodPlan {
  if (!isMutable(manifest)) {
    throw new Fault("precondition", "immutable pod: cannot add application");
  }
  checkApps([request]);
  const { name } = request;
  if (manifest.apps.some((each) => each.name === name)) {
    throw new Fault("already-exists", `error: multiple apps with name ${name}`);
  }
  const plan = planApp(request, manifest.volumes ?? []);
  // What an app of this name left behind when it was removed is used again.
  const known = new Set(manifest.volumes?.map((volume) => volume.name));
  const implicit = plan.implicit.filter((volume) => !known.has(volume.name));
  const volumes = [...(manifest.volumes ?? []), ...implicit];
  return {
    manifest: {
      ...manifest,
      apps: [...manifest.apps, plan.app],
      ...(volumes.length > 0 && { volumes }),
    },
    warnings: plan.warnings,
  };
}

/** The names become directories: nothing but an AC name may pass. */
function checkApps(apps: readonly AppRequest[]): void {
  const seen = new Set<string>();
  for (const { name, image, app } of apps) {
    parseAcName(name);
    if (seen.has(name)) throw new Fault("invalid", `error: multiple apps with name ${name}`);
    seen.add(name);
    checkPlatformLabels(image);
    if (app.exec.length === 0) {
      throw new Fault("invalid", `image ${image.id} names no command`, {
        hint: "Give one with --exec=PATH.",
      });
    }
  }
}

/** An ACI says what it runs on; that of an OCI image was looked at when it was chosen. */
function checkPlatformLabels({ format, manifest }: AppRequest["image"]): void {
  if (format !== "aci") return;
  for (const name of ["os", "arch"]) {
    if (valueOf(manifest.labels, name) !== undefined) continue;
    throw new Fault("invalid", `missing ${name} label in the image manifest`);
  }
}

function checkVolumes(volumes: readonly Volume[]): void {
  const seen = new Set<string>();
  for (const { name } of volumes) {
    parseAcName(name);
    if (seen.has(name)) throw new Fault("invalid", `duplicate volume name ${quote(name)}`);
    seen.add(name);
  }
}

/** Of two numbers the first is a name where an image has a port of that name, as in rkt. */
function plannedPorts({ apps, ports = [] }: PodRequest): ExposedPort[] {
  const known = new Set(apps.flatMap(({ app }) => (app.ports ?? []).map(({ name }) => name)));
  return ports.map(({ podPort, ...port }) => {
    if (podPort === undefined) return port;
    return known.has(port.name) ? { ...port, hostPort: podPort.port } : { ...port, podPort };
  });
}

function checkPorts({ apps, ports }: PodRequest): void {
  const known = new Set(apps.flatMap(({ app }) => (app.ports ?? []).map(({ name }) => name)));
  for (const { name, podPort } of ports ?? []) {
    if (podPort !== undefined || known.has(name)) continue;
    throw new Fault("invalid", `port name ${quote(name)} could not be found in any apps`);
  }
}

interface AppPlan {
  readonly app: RuntimeApp;
  /** The volumes that nobody asked for, and the lines that say so. */
  readonly implicit: readonly Volume[];
  readonly warnings: readonly string[];
}

/** Mounts as asked for, then one for each mount point of the image that none of them covers. */
function planApp(request: AppRequest, volumes: readonly Volume[]): AppPlan {
  const { name, image, app, readOnlyRootFS } = request;
  const annotations = withThoseOfImage(request);
  for (const mount of request.mounts ?? []) checkMount(mount, volumes);
  const covered = new Set((request.mounts ?? []).map(({ path }) => path));
  const open = (app.mountPoints ?? []).filter(({ path }) => !covered.has(path));
  const implicit = open.filter((point) => !volumes.some((volume) => volume.name === point.name));
  const mounts = [
    ...(request.mounts ?? []),
    ...open.map((point) => ({
      volume: implicit.includes(point) ? implicitName(name, point) : point.name,
      path: point.path,
    })),
  ];
  return {
    app: {
      name,
      image: {
        name: image.manifest.name,
        id: image.id,
        ...(image.manifest.labels && { labels: image.manifest.labels }),
      },
      app,
      ...(readOnlyRootFS === true && { readOnlyRootFS }),
      ...(mounts.length > 0 && { mounts }),
      ...(annotations.length > 0 && { annotations }),
    },
    implicit: implicit.map((point) => implicitVolume(name, point)),
    warnings: implicit.map(implicitWarning),
  };
}

/** What an image says of how its app runs, unless the request says otherwise. */
const FOR_THE_SUPERVISOR = [STOP_SIGNAL_ANNOTATION, NOTIFY_ANNOTATION];

function withThoseOfImage({ image, annotations = [] }: AppRequest): readonly NameValue[] {
  const given = new Set(annotations.map(({ name }) => name));
  const ofImage = (image.manifest.annotations ?? []).filter(
    ({ name }) => FOR_THE_SUPERVISOR.includes(name) && !given.has(name),
  );
  return ofImage.length === 0 ? annotations : [...annotations, ...ofImage];
}

function checkMount({ volume, path, appVolume }: Mount, volumes: readonly Volume[]): void {
  const known = appVolume !== undefined || volumes.some(({ name }) => name === volume);
  if (path === "" || !known) {
    const what = `dangling mount point ${quote(path)}: volume ${quote(volume)} not found`;
    throw new Fault("invalid", what);
  }
  if (path.startsWith("/")) return;
  throw new Fault("invalid", `mount volume ${quote(volume)}: ${quote(path)} is no absolute path`);
}

function implicitName(app: string, point: MountPoint): string {
  return `${app}-${point.name}`;
}

function implicitWarning({ name }: MountPoint): string {
  return (
    `warning: no volume specified for mount point ${quote(name)}, ` +
    'implicitly creating an "empty" volume. ' +
    "This volume will be removed when the pod is garbage-collected."
  );
}

function implicitVolume(app: string, point: MountPoint): Volume {
  return {
    name: implicitName(app, point),
    kind: "empty",
    ...(point.readOnly === true && { readOnly: true }),
    mode: "0755",
    uid: 0,
    gid: 0,
  };
}
