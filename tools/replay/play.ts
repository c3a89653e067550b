/**
 * Plays recorded requests one after another and judges the answers. In: interactions and clients.
 * Out: a verdict for each. Requests of "Bearer <admin>" go with the administrator's certificate.
 */
import { Bindings } from "./bindings.ts";
import { firstDifference } from "./compare.ts";
import type { RawClient, RawRequest, RawResponse } from "./raw-client.ts";
import type { Interaction } from "./recording.ts";

export interface Clients {
  readonly admin: RawClient;
  readonly anonymous: RawClient;
}

export interface Verdict {
  readonly interaction: Interaction;
  /** What is different; undefined for the same. */
  readonly difference: string | undefined;
  /** What is different beyond who owns which fields. */
  readonly beyondManagers: string | undefined;
}

/** What recordings call `<admin>`. */
export const ADMIN_TOKEN = "replayed-administrator";

const NONE: ReadonlySet<string> = new Set();
const MANAGED: ReadonlySet<string> = new Set(["managedFields"]);

const PAUSE_MS = 100;

/** Plays one case after another; placeholders are those of a case. */
export class Player {
  readonly #clients: Clients;
  readonly #patience: number;
  #case = "";
  #bindings: Bindings = new Bindings();
  #nearBindings: Bindings = new Bindings();
  #revision = "";
  #token = "";
  /** The volume that the server gave the case's pods: each server gives it a name of its own. */
  #tokenVolume: TokenVolume | undefined;
  /** All that requests of this file have said, one after another. */
  #sent = "";
  /** What the last document was marked with. */
  #etag = "";
  /** Metadata of the case's objects as last answered, by uid: times are recorded without number. */
  readonly #answered = new Map<string, Metadata>();
  readonly #accounts = new Map<string, string>();

  /** @param patience so often is an answer asked for again that is not there yet */
  constructor(clients: Clients, patience: number = 0) {
    this.#clients = clients;
    this.#patience = patience;
  }

  async play(interaction: Interaction): Promise<Verdict> {
    if (interaction.case !== this.#case) await this.#beginCase(interaction);
    this.#sent += expanded(JSON.stringify(interaction.request.body) ?? "");
    for (let left = interaction.request.method === "GET" ? this.#patience : 0; ; left--) {
      const [exact, near] = [this.#bindings.copy(), this.#nearBindings.copy()];
      const verdict = await this.#attempt(interaction);
      if (verdict.beyondManagers === undefined || left <= 0) return verdict;
      [this.#bindings, this.#nearBindings] = [exact, near];
      await Bun.sleep(PAUSE_MS);
    }
  }

  async #attempt(interaction: Interaction): Promise<Verdict> {
    try {
      await this.#learnEtag(interaction);
      const { request, client } = this.#prepare(interaction);
      const events = interaction.response.events;
      const answer = await client.request(
        request,
        isWatch(interaction) ? (bytes) => lines(bytes).length >= (events?.length ?? 1) : undefined,
      );
      this.#keepToken(interaction, answer);
      this.#etag = answer.headers.get("etag")?.[0] ?? this.#etag;
      const object = jsonOf(answer);
      this.#tokenVolume = tokenVolumeOf(object) ?? this.#tokenVolume;
      const metadata = metadataOf(object);
      if (metadata?.uid !== undefined) this.#answered.set(metadata.uid, metadata);
      return this.#judge(interaction, answer);
    } catch (error) {
      this.#clients.admin.close();
      const difference = `no answer: ${error instanceof Error ? error.message : String(error)}`;
      return { interaction, difference, beyondManagers: difference };
    }
  }

  /** Marks of documents are those of this server. */
  async #learnEtag({ request }: Interaction): Promise<void> {
    if (request.headers?.["If-None-Match"] === undefined) return;
    const { method, path } = request;
    const answer = await this.#clients.admin.request({
      method,
      path,
      headers: {},
      body: undefined,
    });
    this.#etag = answer.headers.get("etag")?.[0] ?? "";
  }

  /** A case that is one watch goes back to where the case before it began. */
  async #beginCase(interaction: Interaction): Promise<void> {
    this.#case = interaction.case;
    this.#bindings = new Bindings();
    this.#nearBindings = new Bindings();
    this.#tokenVolume = undefined;
    if (isWatch(interaction)) return;
    const path = "/api/v1/namespaces?limit=1";
    const answer = await this.#clients.admin.request({
      method: "GET",
      path,
      headers: {},
      body: undefined,
    });
    const list = JSON.parse(answer.body.toString()) as { metadata?: { resourceVersion?: string } };
    this.#revision = list.metadata?.resourceVersion ?? "1";
  }

  #prepare({ request }: Interaction): { request: RawRequest; client: RawClient } {
    const fill = (text: string): string =>
      this.#nearBindings.fill(text, (name) => this.#standIn(name));
    const { Authorization, ...rest } = request.headers ?? {};
    const isAdmin = Authorization === "Bearer <admin>" && !this.#namesUser(request);
    const headers: Record<string, string> = {};
    for (const [name, value] of Object.entries(rest))
      headers[name] = fill(value.replace(/^"[0-9A-F]{128}"$/, this.#etag));
    if (Authorization !== undefined && !isAdmin) {
      headers["Authorization"] = this.#credentials(Authorization, fill);
    }
    const client = isAdmin ? this.#clients.admin : this.#clients.anonymous;
    const { method, path } = request;
    const line = fill(path).replaceAll(" ", "%20");
    const own = this.#withTimes(withTokenVolume(request, this.#tokenVolume), fill);
    return { request: { method, path: line, headers, body: bodyOf(own, fill) }, client };
  }

  /** An object that is sent back comes with the times that this server gave it. */
  #withTimes(request: Interaction["request"], fill: Fill): Interaction["request"] {
    const sent = metadataOf(request.body);
    const known = sent?.uid === undefined ? undefined : this.#answered.get(fill(sent.uid));
    if (sent === undefined || known === undefined) return request;
    const managedFields = sent.managedFields?.map((entry) => {
      const own = known.managedFields?.find(
        ({ manager, operation, subresource }) =>
          manager === entry.manager &&
          operation === entry.operation &&
          subresource === entry.subresource,
      );
      return entry.time === "<time>" ? { ...entry, time: own?.time ?? entry.time } : entry;
    });
    const metadata = { ...sent, ...(managedFields === undefined ? {} : { managedFields }) };
    if (metadata.creationTimestamp === "<time>" && known.creationTimestamp !== undefined)
      metadata.creationTimestamp = known.creationTimestamp;
    return { ...request, body: { ...(request.body as object), metadata } };
  }

  /** What stands in a request for a placeholder that no answer has explained. */
  #standIn(name: string): string | undefined {
    if (name === "rv") return this.#revision;
    if (name === "admin") return ADMIN_TOKEN;
    if (name === "jwt") return this.#token;
    if (name === "uid") return "00000000-0000-4000-8000-000000000001";
    if (name === "hash") return this.#etag.replaceAll('"', "");
    return name === "time" ? "2026-01-01T00:00:00Z" : undefined;
  }

  /** Who the administrator is shows in the answer: it was recorded with a token. */
  #namesUser({ path }: Interaction["request"]): boolean {
    return path.includes("selfsubjectreviews") || path.includes("certificatesigningrequests");
  }

  /** Later requests come with the tokens that answers have brought. */
  #credentials(header: string, fill: (text: string) => string): string {
    return fill(header.replace(/<sa [^>]+>/, (account) => this.#accounts.get(account) ?? account));
  }

  #keepToken({ request }: Interaction, answer: RawResponse): void {
    const [, place] =
      /^\/api\/v1\/namespaces\/([^/]+\/serviceaccounts\/[^/]+)\/token$/.exec(request.path) ?? [];
    if (place === undefined || answer.status !== 201) return;
    const { status } = JSON.parse(answer.body.toString()) as { status?: { token?: string } };
    this.#token = status?.token ?? "";
    this.#accounts.set(`<sa ${place.replace("/serviceaccounts/", "/")}>`, this.#token);
  }

  #judge(interaction: Interaction, answer: RawResponse): Verdict {
    const recorded = interaction.response;
    const actual = {
      status: answer.status,
      headers: headersOf(recorded.headers, answer),
      ...contentOf(interaction, answer),
    };
    const wanted = {
      status: recorded.status,
      headers: recorded.headers,
      ...wantedContent(interaction),
    };
    const isSent = (value: string): boolean => this.#sent.includes(value);
    const exact = { bindings: this.#bindings, ignored: NONE, isSent };
    const near = { bindings: this.#nearBindings, ignored: MANAGED, isSent };
    const difference = firstDifference(wanted, actual, exact);
    const beyondManagers = firstDifference(wanted, actual, near);
    return { interaction, difference, beyondManagers };
  }
}

function isWatch({ request, response }: Interaction): boolean {
  return response.events !== undefined || /[?&]watch=(?!false)/.test(request.path);
}

function lines(bytes: Buffer): readonly string[] {
  return bytes
    .toString()
    .split("\n")
    .filter((line) => line !== "");
}

type Fill = (text: string) => string;

function bodyOf(request: Interaction["request"], fill: Fill): Buffer | undefined {
  if (request.rawBody !== undefined) {
    const text = fill(request.rawBody);
    const isBytes = [...text].every((char) => char.charCodeAt(0) <= 0xff);
    return Buffer.from(text, isBytes ? "latin1" : "utf8");
  }
  if (request.body === undefined || request.body === null) return undefined;
  const ports = /"(<nodePort\d*>)"/g;
  const text = JSON.stringify(request.body).replaceAll(ports, (_whole, port: string) => port);
  return Buffer.from(expanded(fill(text)));
}

interface ManagedEntry {
  readonly manager?: string;
  readonly operation?: string;
  readonly subresource?: string;
  readonly time?: string;
}

interface Metadata {
  readonly uid?: string;
  creationTimestamp?: string;
  readonly managedFields?: readonly ManagedEntry[];
}

function metadataOf(object: unknown): Metadata | undefined {
  const { metadata } = (object ?? {}) as { metadata?: unknown };
  if (typeof metadata !== "object" || metadata === null) return undefined;
  const { uid, managedFields } = metadata as { uid?: unknown; managedFields?: unknown };
  if (typeof uid !== "string") return undefined;
  return managedFields === undefined || Array.isArray(managedFields) ? metadata : undefined;
}

interface TokenVolume {
  readonly name: string;
}

function jsonOf(answer: RawResponse): unknown {
  try {
    return JSON.parse(answer.body.toString()) as unknown;
  } catch {
    return undefined;
  }
}

function tokenVolumeOf(pod: unknown): TokenVolume | undefined {
  const volumes = (pod as { spec?: { volumes?: unknown } } | undefined)?.spec?.volumes;
  if (!Array.isArray(volumes)) return undefined;
  return (volumes as TokenVolume[]).find(
    ({ name }) => typeof name === "string" && name.startsWith("kube-api-access-"),
  );
}

/** A recorded pod that is sent back comes with the volume that this server gave it. */
function withTokenVolume(
  request: Interaction["request"],
  volume: TokenVolume | undefined,
): Interaction["request"] {
  const recorded = tokenVolumeOf(request.body);
  if (volume === undefined || recorded === undefined) return request;
  const body = JSON.parse(JSON.stringify(request.body).replaceAll(recorded.name, volume.name)) as {
    spec: { volumes: TokenVolume[] };
  };
  body.spec.volumes = body.spec.volumes.map((one) => (one.name === volume.name ? volume : one));
  return { ...request, body };
}

/** Long values are recorded as what they repeat. */
function expanded(text: string): string {
  return text.replace(/<(.{1,8}?) repeated (\d+) times>/g, (_whole, unit: string, count: string) =>
    unit.repeat(Number(count)),
  );
}

/** Only headers that recordings keep; "present" says no more than that. */
const KEPT = [
  "content-type",
  "warning",
  "retry-after",
  "www-authenticate",
  "location",
  "allow",
  "cache-control",
  "x-content-type-options",
  "etag",
];

function headersOf(
  recorded: Readonly<Record<string, unknown>>,
  { headers }: RawResponse,
): Record<string, unknown> {
  const out: Record<string, unknown> = {};
  for (const name of KEPT) {
    const values = headers.get(name);
    if (values === undefined) continue;
    if (name === "warning") out[name] = values.flatMap(splitWarnings);
    else out[name] = recorded[name] === "present" ? "present" : values.join(", ");
  }
  return out;
}

function splitWarnings(value: string): string[] {
  return value.split(/, (?=299 - )/);
}

function contentOf(interaction: Interaction, { body }: RawResponse): Record<string, unknown> {
  if (interaction.response.events !== undefined) {
    return { events: lines(body).map(parsed) };
  }
  if (isWatch(interaction)) return { body: lines(body).map(unversioned) };
  return { body: parsed(body.toString()) };
}

/** A watch that was recorded as text is compared as events, without its resource versions. */
function wantedContent(interaction: Interaction): Record<string, unknown> {
  const { events, body } = interaction.response;
  if (events !== undefined) return { events };
  if (!isWatch(interaction)) return { body };
  return {
    body:
      typeof body === "string"
        ? body
            .split("\n")
            .filter((l) => l !== "")
            .map(unversioned)
        : [body],
  };
}

/** Recorded as text, resource versions have no placeholders. */
function unversioned(line: string): unknown {
  return parsed(line.replaceAll(/"resourceVersion":"\d+"/g, '"resourceVersion":""'));
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}
