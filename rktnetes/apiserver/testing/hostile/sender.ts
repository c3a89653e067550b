/**
 * Sends requests to a server in this process, as the administrator. In: a request. Out: what was
 * answered, or what the answer is wrong about.
 */
import { tooLarge } from "@rktnetes/api/status-fault";
import type { ApiServer } from "../../api-server.ts";
import { handle } from "../../handle.ts";
import type { ApiRequest, Outlet } from "../../http/api-request.ts";
import type { HostileRequest } from "./requests.ts";

export interface Answered {
  readonly status: number;
  readonly type: string;
  readonly body: Buffer;
}

const BODY_MAX = 3 * 1024 * 1024;

export async function send(server: ApiServer, request: HostileRequest): Promise<Answered> {
  const gone = new AbortController();
  const parts: Buffer[] = [];
  let begun = 0;
  const outlet: Outlet = {
    begin: (status) => {
      begun = status;
      setTimeout(() => gone.abort(), 1);
    },
    write: (bytes) => void parts.push(Buffer.from(bytes)),
    waitingBytes: 0,
    end: () => undefined,
    destroy: () => undefined,
  };
  const { answer } = await handle(server, requestOf(request, gone.signal), outlet);
  if (answer === undefined) return { status: begun, type: "", body: Buffer.concat(parts) };
  return { status: answer.status, type: answer.type, body: Buffer.from(answer.body) };
}

function requestOf(
  { method, path, headers, body }: HostileRequest,
  signal: AbortSignal,
): ApiRequest {
  const at = path.indexOf("?");
  const search = at < 0 ? "" : path.slice(at + 1);
  return {
    method,
    path: at < 0 ? path : path.slice(0, at),
    search,
    query: new URLSearchParams(search),
    header: (name) => headers[name],
    headerValues: (name) => (headers[name] === undefined ? [] : [headers[name]]),
    headerNames: () => Object.keys(headers),
    body: () =>
      body.length > BODY_MAX
        ? Promise.reject(tooLarge(`Request entity too large: limit is ${BODY_MAX}`))
        : Promise.resolve(body),
    certificate: () => ({ commonName: "admin", organizations: ["system:masters"] }),
    signal: () => signal,
  };
}

/** Why an answer is none that the API may give; undefined when it is right. */
export function complaint({ status, type, body }: Answered): string | undefined {
  if (status === 500 && isUnforeseen(body.toString())) return `status 500: ${body.toString()}`;
  if (status < 200 || status > 599) return `status ${status}`;
  if (status < 400 || type !== "application/json") return undefined;
  const said = JSON.parse(body.toString()) as { kind?: unknown; code?: unknown };
  if (said.kind !== "Status" || said.code !== status) return `no Status: ${body.toString()}`;
  return undefined;
}

/** Kubernetes says 500 to some bad input; then it says what is wrong with it, and no reason. */
function isUnforeseen(body: string): boolean {
  return /"message":"Internal error occurred|^Internal/.test(body);
}
