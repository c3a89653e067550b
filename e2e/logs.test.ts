/** The logs of apps: their form, rotation, time, the system journal, a full disk. */
import { afterEach, beforeAll, expect, test } from "bun:test";
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { IMAGE_NAME, writeAci } from "./fixtures/aci.ts";
import { eventually } from "./harness/background.ts";
import { refused, succeeded } from "./harness/expectations.ts";
import { feature } from "./harness/feature.ts";
import { RKT } from "./harness/world.ts";

/** Stands in for the system journal: prints the fields of each entry that it is sent. */
const JOURNAL = `
import os, socket, struct, sys
path = "/run/systemd/journal/socket"
os.makedirs(os.path.dirname(path))
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(path)
print("listening", flush=True)
while True:
    data = s.recv(1 << 20)
    fields = {}
    while data:
        line, data = data.split(b"\\n", 1)
        if b"=" in line:
            name, value = line.split(b"=", 1)
        else:
            size = struct.unpack("<Q", data[:8])[0]
            name, value, data = line, data[8:8 + size], data[8 + size + 1:]
        fields[name.decode()] = value.decode()
    print(sorted(fields.items()), flush=True)
`;

feature("rkt logs", { programs: { python3: "python3" } }, (world) => {
  beforeAll(async () => {
    await world().store();
  });

  afterEach(async () => {
    await world().rkt(["stop", "--force", ...world().pods()]);
    for (const uuid of world().pods()) await world().rkt(["status", "--wait=20s", uuid]);
    await world().rkt(["gc", "--grace-period=0s"]);
  });

  /** UUID of a pod in the background whose only app runs a shell script. */
  async function detached(script: string, ...before: string[]): Promise<string> {
    return succeeded(await world().script(script, ["-d", ...before])).trim();
  }

  const logs = async (...argv: string[]): Promise<string> =>
    succeeded(await world().rkt(["logs", ...argv]));

  const finished = async (uuid: string): Promise<string> =>
    succeeded(await world().rkt(["status", "--wait=20s", uuid]));

  const logDirectory = (uuid: string): string => join(world().data, "pods/run", uuid, "logs");

  test("a log has the CRI form; a long line is in parts, and printed whole", async () => {
    const script = "echo out; head -c 40000 /dev/zero | tr '\\0' x; echo; echo end";
    const uuid = await detached(`${script}; sleep 600`);
    await eventually("all lines", async () => (await logs(uuid)).endsWith("end\n") || undefined);
    const records = readFileSync(join(logDirectory(uuid), "busybox.log"), "utf8").split("\n");
    expect(records.pop()).toBe("");
    const form = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z (stdout|stderr) ([FP]) (.*)$/;
    const parsed = records.map((record) => form.exec(record)?.slice(1) ?? [record]);
    expect(parsed).toContainEqual(["stdout", "F", "out"]);
    expect(parsed.filter(([, tag]) => tag === "P")).toEqual(
      Array.from({ length: 2 }, () => ["stdout", "P", "x".repeat(16_384)]),
    );
    expect(await logs(uuid)).toBe(`out\n${"x".repeat(40_000)}\nend\n`);
    const other = await detached("echo err >&2; sleep 600");
    await eventually("the line of the other stream", async () => {
      const { stderr } = await world().rkt(["logs", other]);
      return stderr === "err\n" || undefined;
    });
    expect(readFileSync(join(logDirectory(other), "busybox.log"), "utf8")).toEndWith(
      "Z stderr F err\n",
    );
  });

  test("--log-max-size and --log-max-files; a follower reads across rotations", async () => {
    const script = "i=0; while [ $i -lt 400 ]; do i=$((i+1)); echo line $i; sleep 0.01; done";
    const uuid = await detached(`sleep 1; ${script}`, "--log-max-size=2Ki", "--log-max-files=3");
    const followed = await logs("-f", uuid);
    const all = Array.from({ length: 400 }, (_, at) => `line ${at + 1}`);
    expect(followed.trimEnd().split("\n")).toEqual(all);
    await finished(uuid);
    const directory = logDirectory(uuid);
    const files = readdirSync(directory).filter((name) => name.startsWith("busybox.log"));
    expect(files.sort()).toEqual(["busybox.log", "busybox.log.1", "busybox.log.2"]);
    for (const file of files) expect(statSync(join(directory, file)).size).toBeLessThan(2049);
    const kept = (await logs(uuid)).trimEnd().split("\n");
    expect(kept.length).toBeGreaterThan(50);
    expect(kept).toEqual(all.slice(-kept.length));
    expect(await logs("--tail=70", uuid)).toBe(`${all.slice(-70).join("\n")}\n`);
  });

  test("--since leaves out what is older", async () => {
    const uuid = await detached("echo old; sleep 600");
    await eventually("the first line", async () => (await logs(uuid)) === "old\n" || undefined);
    const [, time = ""] = /^(\S+) old\n$/.exec(await logs("--timestamps", uuid)) ?? [];
    const later = new Date(Date.parse(time) + 1).toISOString();
    expect(await logs(`--since=${later}`, uuid)).toBe("");
    expect(await logs(`--since=${time}`, uuid)).toBe("old\n");
    expect(await logs("--since=1h", uuid)).toBe("old\n");
    const wrong = await world().rkt(["logs", "--since=yesterday", uuid]);
    expect(refused(wrong)).toContain("yesterday");
  });

  test("entries go to the system journal, with the pod and the app", async () => {
    const journal = join(world().directory, "journal");
    const start = `python3 -c "$0" >${journal} 2>&1 </dev/null & echo $! >${journal}.pid`;
    await world().machine.run(["sh", "-c", start, JOURNAL]);
    await eventually(
      "the journal listens",
      async () => (await Bun.file(journal).text()).includes("listening") || undefined,
    );
    try {
      const uuid = await detached("echo 'to = all'; echo bad >&2; sleep 600");
      const entry = (message: string, priority: number, stream: string): string =>
        `[('CONTAINER_ID', '${uuid}'), ('CONTAINER_NAME', 'busybox'), ('MESSAGE', '${message}'), ` +
        `('PRIORITY', '${priority}'), ('RKT_APP', 'busybox'), ('RKT_POD_UUID', '${uuid}'), ` +
        `('RKT_STREAM', '${stream}'), ('SYSLOG_IDENTIFIER', 'busybox')]`;
      await eventually("both entries", async () => {
        const text = await Bun.file(journal).text();
        const wanted = [entry("to = all", 6, "stdout"), entry("bad", 3, "stderr")];
        return wanted.every((each) => text.includes(each)) || undefined;
      });
      expect(await logs(uuid)).toBe("to = all\n");
      const only = await detached("echo elsewhere; sleep 600", "--log-driver=journald");
      await eventually(
        "the entry",
        async () => (await Bun.file(journal).text()).includes("elsewhere") || undefined,
      );
      expect(await logs(only)).toBe("");
    } finally {
      await world().machine.shell(`kill $(cat ${journal}.pid); rm -r /run/systemd`);
    }
  });

  test("--log-driver=none keeps nothing, and the person still sees all", async () => {
    const run = await world().script("echo seen; sleep 1", ["--log-driver=none"]);
    expect(succeeded(run)).toBe("seen\n");
    const [uuid = ""] = world().pods();
    expect(await logs(uuid)).toBe("");
    const wrong = await world().script("true", ["--log-driver=syslog"]);
    expect(wrong.status).toBe(254);
    expect(wrong.stderr).toContain('"syslog" is not one of auto, file, journald, none');
  });

  test("a full disk stops no app; what was lost is told once there is room", async () => {
    const data = join(world().directory, "small");
    const [filler, mount] = [join(data, "filler"), "mount -t tmpfs -o size=24m tmpfs"];
    await world().machine.shell(`mkdir ${data}; ${mount} ${data}`);
    try {
      const aci = writeAci(world().directory, "small.aci", {});
      const fetched = await world().rkt(["fetch", "--insecure-options=image", aci], { data });
      succeeded(fetched);
      const loop = "i=0; while :; do i=$((i+1)); echo line $i; sleep 0.1; done";
      const argv = ["run", "-d", "--net=none", IMAGE_NAME, "--exec=/bin/sh", "--", "-c", loop];
      const uuid = succeeded(await world().rkt(argv, { data })).trim();
      await world().machine.shell(`cat /dev/zero >${filler} 2>/dev/null || :`);
      const written = async (): Promise<string> =>
        succeeded(await world().rkt(["logs", "--tail=1", uuid], { data }));
      const atFirst = await eventually("the log stands still", async () => {
        const before = await written();
        await Bun.sleep(1000);
        return (await written()) === before ? before : undefined;
      });
      await world().machine.shell(`rm ${filler}`);
      await eventually("the log goes on", async () => (await written()) !== atFirst || undefined);
      const told = await world().rkt(["logs", uuid], { data });
      expect(told.stderr).toMatch(/rkt: \d+ lines were lost: the log could not be written/);
      succeeded(await world().rkt(["stop", "--force", uuid], { data }));
      succeeded(await world().rkt(["status", "--wait=20s", uuid], { data }));
      succeeded(await world().rkt(["gc", "--grace-period=0s"], { data }));
    } finally {
      await world().machine.shell(`umount --lazy ${data}`);
    }
  });

  test("a slow reader of the output keeps no log and no client waiting", async () => {
    const [got, goOn] = ["got", "go-on"].map((name) => join(world().directory, name));
    const { data, config } = world();
    const rkt = `${RKT} --dir=${data} --local-config=${config}`;
    const app = (name: string, script: string): string =>
      `${IMAGE_NAME} --name=${name} --exec=/bin/sh -- -c '${script}' ---`;
    const noisy = app("noisy", "busybox yes | head -c 3000000");
    const quiet = app("quiet", "while [ ! -e /tmp/end ]; do sleep 0.1; echo more; done");
    const reader = `until [ -e ${goOn} ]; do sleep 0.1; done; wc -c >${got}`;
    const pipe = `${rkt} run --net=none ${noisy} ${quiet} 2>/dev/null | (${reader})`;
    const pod = world().machine.run(["sh", "-c", pipe]);
    const uuid = await eventually("the pod is there", () => Promise.resolve(world().pods()[0]));
    const count = async (): Promise<number> => {
      const { stdout } = await world().rkt(["logs", "--app=quiet", uuid]);
      return stdout.split("\n").length;
    };
    await eventually("the noisy app waits", async () => {
      const size = async (): Promise<number> =>
        statSync(join(logDirectory(uuid), "noisy.log"), { throwIfNoEntry: false })?.size ?? 0;
      const before = await size();
      await Bun.sleep(500);
      return (before > 0 && before === (await size())) || undefined;
    });
    const before = await count();
    await eventually("the log of the other goes on", async () => {
      return (await count()) > before + 5 || undefined;
    });
    const list = await world().rkt(["attach", "--mode=list", "--app=quiet", uuid]);
    expect(succeeded(list)).toBe("stdout\nstderr\n");
    writeFileSync(goOn ?? "", "");
    const end = await world().rkt(["enter", "--app=quiet", uuid, "/bin/touch", "/tmp/end"]);
    succeeded(end);
    expect((await pod).status).toBe(0);
    const lines = "noisy: y\n".length * 1_500_000;
    expect(Number(readFileSync(got ?? "", "utf8"))).toBeGreaterThan(lines);
  });
});
