/**
 * The two servers that are measured: the API server with an empty, durable store, and the bare one
 * that answers the same bytes. Each is a process of its own.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { startServer } from "@e2e/rkt";
import type { BareAnswers } from "../bare-server.ts";
import type { Target } from "./load.ts";

const RKTNETES = join(import.meta.dir, "../../dist/rktnetes");
const READY = /ready on (https:\/\/\S+)\n/;
const TOKEN = "the-administrator-of-the-benchmark";

export interface ApiServer extends Target, AsyncDisposable {
  /** From the start of the process until it says that it is ready. */
  readonly readyMs: number;
}

/** `directory` is empty, or has the data of an earlier start. */
export async function startApiServer(directory: string): Promise<ApiServer> {
  const tokens = join(directory, "tokens.csv");
  writeFileSync(tokens, `${TOKEN},admin,1,system:masters\n`);
  const begin = Bun.nanoseconds();
  const server = await startServer(
    [
      ...[RKTNETES, "server", "--only=api", `--data-dir=${join(directory, "data")}`],
      ...["--port=0", `--token-auth-file=${tokens}`],
      `--write-kubeconfig=${join(directory, "kubeconfig")}`,
    ],
    READY,
  );
  const readyMs = (Bun.nanoseconds() - begin) / 1e6;
  const stop = async (): Promise<void> => await server[Symbol.asyncDispose]();
  const url = server.match[1] ?? "";
  return { url, pid: server.pid, token: TOKEN, readyMs, [Symbol.asyncDispose]: stop };
}

/** Has the key and certificate that the API server made for itself in that directory. */
export async function startBareServer(
  directory: string,
  answers: BareAnswers["answers"],
): Promise<Target & AsyncDisposable> {
  const content: BareAnswers = { ...servingPair(join(directory, "data")), answers };
  const file = join(directory, "bare.json");
  writeFileSync(file, JSON.stringify(content));
  const program = join(import.meta.dir, "../bare-server.ts");
  const server = await startServer([process.execPath, "run", program, file], READY);
  const stop = async (): Promise<void> => await server[Symbol.asyncDispose]();
  return { url: server.match[1] ?? "", pid: server.pid, token: TOKEN, [Symbol.asyncDispose]: stop };
}

function servingPair(data: string): { key: string; certificate: string } {
  const read = (name: string): string => readFileSync(join(data, "pki", name), "utf8");
  return { key: read("server.key"), certificate: read("server.crt") };
}
