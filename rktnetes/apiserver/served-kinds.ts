/** Which kinds are served now: built-in ones, and custom ones that come and go. */
import { builtinGroupVersions, builtinKinds, findKind } from "@rktnetes/api/kinds";
import type { GroupVersion, Kind } from "@rktnetes/api/kind";
import { compareVersions } from "./custom/version-order.ts";

export class ServedKinds {
  readonly #custom = new Map<string, Kind>();
  readonly #listeners: (() => void)[] = [];

  find(group: string, version: string, resource: string): Kind | undefined {
    return (
      findKind(group, version, resource) ?? this.#custom.get(`${group}/${version}/${resource}`)
    );
  }

  /** In the order of discovery; versions of a group stand together, the preferred one first. */
  groupVersions(): readonly GroupVersion[] {
    const custom = new Map<string, GroupVersion>();
    for (const { group, version } of this.#custom.values()) {
      custom.set(`${group}/${version}`, { group, version });
    }
    const sorted = [...custom.values()].sort((left, right) =>
      left.group === right.group
        ? compareVersions(left.version, right.version)
        : left.group < right.group
          ? -1
          : 1,
    );
    return [...builtinGroupVersions(), ...sorted];
  }

  /** Kinds of one group and version. */
  of(group: string, version: string): readonly Kind[] {
    const all = [...builtinKinds(), ...this.#custom.values()];
    return all.filter((kind) => kind.group === group && kind.version === version);
  }

  /** Groups of which nothing is built in. */
  isCustomGroup(group: string): boolean {
    return !builtinGroupVersions().some((each) => each.group === group);
  }

  isCustom(kind: Kind): boolean {
    return this.#custom.get(`${kind.group}/${kind.version}/${kind.resource}`) === kind;
  }

  /** Calls `listener` whenever a custom kind has come or gone. */
  onChange(listener: () => void): void {
    this.#listeners.push(listener);
  }

  add(kind: Kind): void {
    this.#custom.set(`${kind.group}/${kind.version}/${kind.resource}`, kind);
    for (const listener of this.#listeners) listener();
  }

  remove(kind: Kind): void {
    this.#custom.delete(`${kind.group}/${kind.version}/${kind.resource}`);
    for (const listener of this.#listeners) listener();
  }
}
