import { expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { LISTEN_PID_UNSET, listenStarter } from "./listen-starter.ts";
import { portOf } from "./passed-sockets.ts";

const program = listenStarter();

test.skipIf(program === undefined)(
  "the starter becomes its first argument and says its pid (needs an x64 processor)",
  () => {
    const directory = mkdtempSync(join(tmpdir(), "starter-"));
    try {
      const file = join(directory, "start");
      writeFileSync(file, program ?? "", { mode: 0o755 });
      const script = 'echo "$$ $LISTEN_PID $A $LISTEN_PIDS $*"';
      const { stdout, pid, exitCode } = Bun.spawnSync([file, "/bin/sh", "-c", script, "x", "y"], {
        env: { A: "b", LISTEN_PIDS: "c", LISTEN_PID: LISTEN_PID_UNSET, Z: "last" },
      });
      expect(stdout.toString()).toBe(`${pid} ${pid} b c y\n`);
      expect(exitCode).toBe(0);
      expect(Bun.spawnSync([file, "/nonsense"], { env: {} }).exitCode).toBe(127);
    } finally {
      rmSync(directory, { recursive: true });
    }
  },
);

test("there is no starter for a processor that it is not written for", () => {
  expect(listenStarter("riscv64")).toBeUndefined();
});

test("the port of a socket stands in the kernel's table", () => {
  const head = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid";
  const line = "   0: 0100007F:22B8 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0";
  const table = `${head}  timeout inode\n${line}        0 31337 1 0000000000000000 100 0 0 10 0\n`;
  expect(portOf(table, "31337")).toBe(8888);
  expect(portOf(table, "3133")).toBeUndefined();
});
