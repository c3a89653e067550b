/**
 * What may be changed of an image while it is built, as data, and what each change does to appc's
 * manifest. Pure.
 *
 * @see acbuild Documentation/subcommands
 */
import {
  type App,
  type Dependency,
  type ImageManifest,
  type ImagePort,
  type Isolator,
  type MountPoint,
  type NameValue,
  parseImageManifest,
  printImageManifest,
} from "@rkt/spec";
import { Fault, quote } from "@shared/base";

/** One change. A removal names what it takes away. */
export type Edit =
  | { readonly kind: "set-name"; readonly name: string }
  | { readonly kind: "set-tag"; readonly tag: string }
  | { readonly kind: "set-exec"; readonly exec: readonly string[] }
  | { readonly kind: "set-user"; readonly user: string }
  | { readonly kind: "set-group"; readonly group: string }
  | { readonly kind: "set-supp-groups"; readonly groups: readonly number[] }
  | { readonly kind: "set-working-directory"; readonly path: string }
  | {
      readonly kind: "set-event-handler";
      readonly name: "pre-start" | "post-stop";
      readonly exec: readonly string[];
    }
  | Change<"annotation", NameValue>
  | Change<"label", NameValue>
  | Change<"environment", NameValue>
  | Change<"port", ImagePort>
  | Change<"mount", MountPoint>
  | Change<"isolator", Isolator>
  | Change<"dependency", Dependency>;

/** Of a list: what is added takes the place of what has its name. */
export type Change<Kind extends string, Element> =
  | { readonly kind: Kind; readonly add: Element }
  | { readonly kind: Kind; readonly remove: string };

/** The manifest with the change. @throws {Fault} "invalid", "not-found" */
export function editManifest(manifest: ImageManifest, edit: Edit): ImageManifest {
  const edited = changed(manifest, edit);
  return parseImageManifest(printImageManifest(edited, { pretty: false }));
}

function changed(manifest: ImageManifest, edit: Edit): ImageManifest {
  switch (edit.kind) {
    case "set-name":
      return { ...manifest, name: edit.name };
    case "set-tag":
      throw new Fault("unsupported", "set a tag: an ACI has none", {
        hint: "use: acbuild label add version VERSION",
      });
    case "annotation":
      return { ...manifest, annotations: changedList(manifest.annotations, edit) };
    case "label":
      return { ...manifest, labels: changedList(manifest.labels, edit) };
    case "dependency":
      return { ...manifest, dependencies: changedDependencies(manifest.dependencies ?? [], edit) };
    default:
      return { ...manifest, app: changedApp(manifest.app ?? EMPTY_APP, edit) };
  }
}

const EMPTY_APP: App = { exec: [], user: "0", group: "0" };

type AppEdit = Exclude<
  Edit,
  { kind: "set-name" | "set-tag" | "annotation" | "label" | "dependency" }
>;

function changedApp(app: App, edit: AppEdit): App {
  switch (edit.kind) {
    case "set-exec":
      return { ...app, exec: edit.exec };
    case "set-user":
      return { ...app, user: edit.user };
    case "set-group":
      return { ...app, group: edit.group };
    case "set-supp-groups":
      return { ...app, supplementaryGIDs: edit.groups };
    case "set-working-directory":
      return { ...app, workingDirectory: edit.path };
    case "set-event-handler": {
      const { name, exec } = edit;
      const others = (app.eventHandlers ?? []).filter((each) => each.name !== name);
      return { ...app, eventHandlers: [...others, { name, exec }] };
    }
    case "environment":
      return { ...app, environment: changedList(app.environment, edit) };
    case "port":
      return { ...app, ports: changedList(app.ports, edit) };
    case "mount":
      return { ...app, mountPoints: changedList(app.mountPoints, edit) };
    default:
      return { ...app, isolators: changedList(app.isolators, edit) };
  }
}

/** @throws {Fault} "not-found" */
function changedList<T extends { readonly name: string }>(
  list: readonly T[] | undefined,
  edit: Change<string, T>,
): readonly T[] {
  const name = "add" in edit ? edit.add.name : edit.remove;
  const others = (list ?? []).filter((each) => each.name !== name);
  if ("add" in edit) return [...others, edit.add];
  if (others.length < (list?.length ?? 0)) return others;
  throw new Fault("not-found", `remove ${edit.kind} ${quote(name)}: there is none of that name`);
}

function changedDependencies(
  list: readonly Dependency[],
  edit: Change<"dependency", Dependency>,
): readonly Dependency[] {
  const name = "add" in edit ? edit.add.imageName : edit.remove;
  const others = list.filter((each) => each.imageName !== name);
  if ("add" in edit) return [...others, edit.add];
  if (others.length < list.length) return others;
  throw new Fault("not-found", `remove dependency ${quote(name)}: there is none of that name`);
}
