/**
 * In which form the client wants its answer. In: the `Accept` header and what the path offers. Out:
 * a media type and perhaps another view of the object. @throws {StatusFault} 406
 */
import { notAcceptable } from "@rktnetes/api/status-fault";

export type MediaType =
  | "application/json"
  | "application/yaml"
  | "application/vnd.kubernetes.protobuf";

export type View = "Table" | "PartialObjectMetadata" | "PartialObjectMetadataList";

export interface Form {
  readonly mediaType: MediaType;
  /** Undefined for the object as it is. */
  readonly view: View | undefined;
  /** Of meta.k8s.io, when there is a view: `v1`. */
  readonly viewVersion: string;
  readonly pretty: boolean;
}

/** What is offered where a list may become a watch, and where it cannot. */
export interface Offer {
  readonly canStream: boolean;
  readonly hasProtobuf: boolean;
  /** What is only answered, never kept, is not shown as a table. */
  readonly hasTables: boolean;
}

interface Clause {
  readonly type: string;
  readonly quality: number;
  readonly parameters: ReadonlyMap<string, string>;
}

const PLAIN: Form = {
  mediaType: "application/json",
  view: undefined,
  viewVersion: "",
  pretty: false,
};

export function negotiate(accept: string | undefined, offer: Offer): Form {
  if (accept === undefined || accept === "" || accept === "application/json") return PLAIN;
  const types = mediaTypes(offer);
  const clauses = parseAccept(accept);
  if (!clauses.some(({ type }) => type === "*/*" || types.includes(type as MediaType))) {
    throw nothingMatches(types, offer);
  }
  for (const clause of clauses) {
    for (const mediaType of types) {
      const form = matches(clause.type, mediaType)
        ? formOf(mediaType, clause.parameters)
        : undefined;
      const isOffered = form?.view !== "Table" || offer.hasTables;
      if (form !== undefined && isOffered) return form;
    }
  }
  throw notAcceptable(`only the following media types are accepted: ${types.join(", ")}`);
}

function mediaTypes({ hasProtobuf }: Offer): readonly MediaType[] {
  const always = ["application/json", "application/yaml"] as const;
  return hasProtobuf ? [...always, "application/vnd.kubernetes.protobuf"] : always;
}

function nothingMatches(types: readonly MediaType[], offer: Offer): Error {
  const streams = types
    .filter((type) => type !== "application/yaml")
    .map((t) => `${t};stream=watch`);
  const all = offer.canStream ? [...types, ...streams] : types;
  const message = `406: Not Acceptable\n\nAvailable representations: ${all.join(", ")}`;
  return notAcceptable(message, {});
}

function matches(wanted: string, offered: MediaType): boolean {
  return wanted === offered || wanted === "*/*" || wanted === "application/*";
}

/** By quality, the best first; equals stay in their order. */
function parseAccept(accept: string): readonly Clause[] {
  const clauses = accept.split(",").map(parseClause);
  return clauses
    .filter(({ quality }) => quality > 0)
    .sort((left, right) => right.quality - left.quality);
}

function parseClause(text: string): Clause {
  const [type = "", ...rest] = text.split(";").map((part) => part.trim());
  const parameters = new Map<string, string>();
  for (const part of rest) {
    const at = part.indexOf("=");
    if (at > 0) parameters.set(part.slice(0, at).trim(), part.slice(at + 1).trim());
  }
  const quality = Number(parameters.get("q") ?? "1");
  return { type, quality: Number.isNaN(quality) ? 1 : quality, parameters };
}

/** Undefined when the parameters ask for what this type cannot be. */
function formOf(mediaType: MediaType, parameters: ReadonlyMap<string, string>): Form | undefined {
  const view = parameters.get("as");
  const viewVersion = parameters.get("v") ?? "";
  const stream = parameters.get("stream") ?? "";
  if (stream !== "" && (stream !== "watch" || mediaType === "application/yaml")) return undefined;
  const pretty = parameters.get("pretty") === "1";
  const asks = view !== undefined || parameters.has("g") || parameters.has("v");
  if (!asks) return { mediaType, view: undefined, viewVersion: "", pretty };
  if (parameters.get("g") !== "meta.k8s.io" || !["v1", "v1beta1"].includes(viewVersion)) {
    return undefined;
  }
  if (view === "Table" && mediaType !== "application/vnd.kubernetes.protobuf") {
    return { mediaType, view, viewVersion, pretty };
  }
  if (view === "PartialObjectMetadata" || view === "PartialObjectMetadataList") {
    return { mediaType, view, viewVersion, pretty };
  }
  return undefined;
}
