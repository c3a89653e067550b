/**
 * The built executable for replays: a fresh cluster in memory, without controllers unless some are
 * named. Out: clients of it, the administrator's and a stranger's; disposing stops it.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ADMIN_TOKEN, type Clients } from "./play.ts";
import { RawClient } from "./raw-client.ts";

export interface ReplayServer extends AsyncDisposable {
  readonly clients: Clients;
}

export async function startReplayServer(controllers: string = "-*"): Promise<ReplayServer> {
  const directory = mkdtempSync(join(tmpdir(), "replay-"));
  const file = join(directory, "kubeconfig");
  const executable = join(import.meta.dir, "../../dist/rktnetes");
  const tokens = join(directory, "tokens");
  writeFileSync(tokens, `${ADMIN_TOKEN},admin,u-admin,"system:masters"\n`);
  const flags = [
    "--only=api",
    `--controllers=${controllers}`,
    `--token-auth-file=${tokens}`,
    "--datastore=memory",
    "--port=0",
  ];
  const paths = [`--data-dir=${join(directory, "data")}`, `--write-kubeconfig=${file}`];
  const child = Bun.spawn([executable, "server", ...flags, ...paths], {
    stdin: "ignore",
    stdout: "pipe",
    stderr: "inherit",
  });
  const reader = child.stdout.getReader();
  const ready = await reader.read();
  const line = new TextDecoder().decode(ready.value);
  const port = Number(/:(\d+)\s*$/.exec(line)?.[1] ?? "");
  if (Number.isNaN(port) || port === 0) throw new Error(`the server did not start: ${line}`);
  const kubeconfig = readFileSync(file, "utf8");
  const pem = (name: string): string => {
    const found = new RegExp(`${name}-data: (\\S+)`).exec(kubeconfig)?.[1] ?? "";
    return Buffer.from(found, "base64").toString();
  };
  const target = { host: "127.0.0.1", port, authority: pem("certificate-authority") };
  const client = { key: pem("client-key"), certificate: pem("client-certificate") };
  const clients = {
    admin: new RawClient({ ...target, client }),
    anonymous: new RawClient(target),
  };
  return {
    clients,
    [Symbol.asyncDispose]: async () => {
      clients.admin.close();
      clients.anonymous.close();
      child.kill("SIGTERM");
      await child.exited;
      rmSync(directory, { recursive: true });
    },
  };
}
