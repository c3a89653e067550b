/**
 * The value of `--net`: text flows in, the networks that a pod joins flow out. Looks up no
 * configuration.
 *
 * @see rkt Documentation/networking/overview.md; rkt's NetList
 */
import { Fault, quote } from "@shared/base";

/** One network that a pod joins. */
export interface NetworkChoice {
  readonly name: string;
  /** `K=V;K2=V2`, handed to the plugin as CNI_ARGS; empty where none are given. */
  readonly args: string;
}

/** All networks that a pod joins. */
export interface NetworkSelection {
  /**
   * host: no network namespace of its own; none: only loopback; default: the network "default"
   * alone and as it is; custom: the networks listed, of which one may be "all".
   */
  readonly mode: "host" | "none" | "default" | "custom";
  /** In the order typed; empty for host and none. */
  readonly networks: readonly NetworkChoice[];
  /** With mode host: the namespace of somebody else, instead of the host's. */
  readonly join?: JoinedNamespace;
}

/** A network namespace that exists already, by its path or by the pod that has it. */
export type JoinedNamespace =
  | { readonly path: string }
  /** UUID, or its beginning. */
  | { readonly pod: string };

/**
 * What `--net=TEXT` selects. Beside "host" all else is without effect, beside "none" too, as in
 * rkt. Faults: invalid, with rkt's words.
 */
export function parseNetFlag(text: string): NetworkSelection {
  const joined = /^(?:ns:(\/.*)|pod:([0-9a-f][0-9a-f-]*))$/.exec(text);
  if (joined !== null) {
    const [, path, pod = ""] = joined;
    return { mode: "host", networks: [], join: path === undefined ? { pod } : { path } };
  }
  const networks: NetworkChoice[] = [];
  for (const part of text.split(",")) {
    const choice = readChoice(part);
    if (networks.some(({ name }) => name === choice.name)) {
      throw new Fault("invalid", `found duplicate netname ${quote(choice.name)}`);
    }
    networks.push(choice);
  }
  const named = (name: string): boolean => networks.some((network) => network.name === name);
  if (named("host")) return { mode: "host", networks: [] };
  if (named("none")) return { mode: "none", networks: [] };
  const plain = networks.length === 1 && named("default") && networks[0]?.args === "";
  return { mode: plain ? "default" : "custom", networks };
}

/** The selection as `--net` takes it. */
export function printNetFlag(selection: NetworkSelection): string {
  const { mode, networks, join } = selection;
  if (join !== undefined) return "path" in join ? `ns:${join.path}` : `pod:${join.pod}`;
  if (mode === "host" || mode === "none") return mode;
  return networks.map(({ name, args }) => (args === "" ? name : `${name}:${args}`)).join(",");
}

function readChoice(part: string): NetworkChoice {
  const [name = "", args = "", ...more] = part.split(":");
  if (name === "") throw new Fault("invalid", "netname must not be empty");
  if (more.length > 0) {
    const found = [args, ...more].join(" ");
    throw new Fault(
      "invalid",
      `network ${quote(name)} provided with invalid arguments: [${found}]`,
    );
  }
  if (part.includes(":") && (name === "all" || name === "host")) {
    const problem = "arguments are not supported by special netname";
    throw new Fault("invalid", `${problem} ${quote(name)}`);
  }
  return { name, args };
}
