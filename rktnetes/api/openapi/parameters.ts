/** Types of the query parameters of all operations; those that are not named here are strings. */
const TYPES: Readonly<Record<string, "boolean" | "integer">> = {
  allowWatchBookmarks: "boolean",
  follow: "boolean",
  force: "boolean",
  gracePeriodSeconds: "integer",
  ignoreStoreReadErrorWithClusterBreakingPotential: "boolean",
  insecureSkipTLSVerifyBackend: "boolean",
  limit: "integer",
  limitBytes: "integer",
  orphanDependents: "boolean",
  ports: "integer",
  previous: "boolean",
  sendInitialEvents: "boolean",
  sinceSeconds: "integer",
  stderr: "boolean",
  stdin: "boolean",
  stdout: "boolean",
  tailLines: "integer",
  timeoutSeconds: "integer",
  timestamps: "boolean",
  tty: "boolean",
  watch: "boolean",
};

export function parameterType(name: string): "boolean" | "integer" | "string" {
  return TYPES[name] ?? "string";
}

/** What a client is told of the parameters that choose; the names of the others say it. */
const WORDS: Readonly<Record<string, string>> = {
  fieldSelector: "Narrows the list of returned objects to those whose fields match.",
  labelSelector: "Narrows the list of returned objects to those whose labels match.",
  watch: "Watch for changes to the described resources, as a stream of events.",
};

/** Empty for parameters of which nothing is said. */
export function parameterWords(name: string): { readonly description?: string } {
  const description = WORDS[name];
  return description === undefined ? {} : { description };
}

const PATCH_TYPES: readonly string[] = [
  "application/apply-patch+yaml",
  "application/json-patch+json",
  "application/merge-patch+json",
  "application/strategic-merge-patch+json",
];

/** Media types of answers; those of streams come on top where watches are. */
export function answerTypes(streams: boolean, custom: boolean): readonly string[] {
  const protobuf = custom ? [] : ["application/vnd.kubernetes.protobuf"];
  const plain = ["application/json", ...protobuf, "application/yaml"];
  const streamed = ["application/json", ...protobuf].map((type) => `${type};stream=watch`);
  return streams ? [...plain, ...streamed] : plain;
}

/** Custom kinds have no merge keys that a strategic merge could follow. */
export function patchTypes(custom: boolean): readonly string[] {
  return custom ? PATCH_TYPES.filter((type) => !type.includes("strategic")) : PATCH_TYPES;
}
