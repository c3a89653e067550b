/** `rkt events`: what happens to pods and apps, from the files that they leave. */
import { beforeAll, beforeEach, expect, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { IMAGE_NAME } from "./fixtures/aci.ts";
import { type Background, eventually } from "./harness/background.ts";
import { succeeded } from "./harness/expectations.ts";
import { feature } from "./harness/feature.ts";

const EXPERIMENT = { env: { RKT_EXPERIMENT_APP: "true" } };

feature("rkt events", {}, (world) => {
  beforeAll(async () => {
    await world().store();
  });

  beforeEach(async () => {
    await world().rkt(["gc", "--grace-period=0s"]);
  });

  interface Event {
    readonly time: string;
    readonly type: string;
    readonly event: string;
    readonly pod: string;
    readonly pod_name?: string;
    readonly app?: string;
    readonly exit_code?: number;
  }

  const parse = (text: string): Event[] =>
    text
      .split("\n")
      .filter(Boolean)
      .map((line) => JSON.parse(line) as Event);

  const past = async (...argv: string[]): Promise<Event[]> =>
    parse(succeeded(await world().rkt(["events", "--follow=false", "--format=json", ...argv])));

  const words = ({ type, event, app, exit_code }: Event): string =>
    [type, event, app, exit_code].filter((word) => word !== undefined).join(" ");

  /** Somebody who follows, and what it was told when the last word came. */
  async function follow(...argv: string[]): Promise<{
    readonly follower: Background;
    readonly told: (last: string) => Promise<Event[]>;
  }> {
    const file = join(world().directory, "events");
    writeFileSync(file, "");
    const as = ["sh", "-c", `exec "$@" >>${file}`, "sh"];
    const follower = await world().start(["events", "--since=1m", "--format=json", ...argv], {
      as,
    });
    const told = (last: string): Promise<Event[]> =>
      eventually(last, async () => {
        const events = parse(readFileSync(file, "utf8"));
        return events.some((event) => words(event) === last) ? events : undefined;
      });
    return { follower, told };
  }

  test("the past is told in its order, with the status of each end", async () => {
    await world().script("exit 3", ["--pod-name=told"]);
    const events = await past("--since=1h");
    expect(events.map(words)).toEqual([
      "pod created",
      "pod started",
      "app started busybox",
      "app exited busybox 3",
      "pod exited",
    ]);
    const [uuid] = world().pods();
    for (const event of events) expect(event).toMatchObject({ pod: uuid, pod_name: "told" });
    const times = events.map(({ time }) => time);
    expect(times).toEqual([...times].sort());
    expect(times[0]).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  });

  test("each restart of an app is an event", async () => {
    const restart = [
      "run",
      "--net=none",
      IMAGE_NAME,
      "--restart=on-failure:2",
      "--exec=/bin/false",
    ];
    await world().rkt(restart);
    const ofApp = await past("--since=1h", "--filter=type=app");
    expect(ofApp.map(words)).toEqual(
      [1, 2, 3].flatMap(() => ["app started busybox", "app exited busybox 1"]),
    );
  });

  test("without --since nothing of the past is told", async () => {
    await world().script("true");
    expect(await past()).toEqual([]);
  });

  test("filters of one key are alternatives, of several keys conditions", async () => {
    await world().script("true", ["--pod-name=one"]);
    await world().script("true", ["--pod-name=two"]);
    const filters = ["event=started", "event=exited", "type=pod", "pod=two"];
    const events = await past("--since=1h", ...filters.map((each) => `--filter=${each}`));
    expect(events.map(words)).toEqual(["pod started", "pod exited"]);
    expect(events.map((event) => event.pod_name)).toEqual(["two", "two"]);
    const uuid = events[0]?.pod ?? "";
    expect(await past("--since=1h", `--filter=pod=${uuid.slice(0, 8)}`)).toHaveLength(5);
    expect(await past("--since=1h", "--filter=app=nothing")).toEqual([]);
  });

  test("--since and --until take times", async () => {
    await world().script("true");
    const [first, ...others] = await past("--since=2020-01-01T00:00:00Z");
    expect(others).toHaveLength(4);
    const second = others[0]?.time ?? "";
    expect(await past("--since=1h", `--until=${first?.time ?? ""}`)).toEqual([]);
    const before = await past("--since=1h", `--until=${second}`);
    expect(before.map(words)).toEqual(["pod created"]);
  });

  test("a plain line has the time, the pod and what happened", async () => {
    await world().script("exit 9", ["--pod-name=plain"]);
    const argv = ["events", "--since=1h", "--follow=false", "--filter=event=exited"];
    const output = succeeded(await world().rkt(argv));
    const [uuid = ""] = world().pods();
    const time = String.raw`\d{4}-\d\d-\d\d \d\d:\d\d:\d\d[.0-9]* \+0000 UTC`;
    expect(output).toMatch(
      new RegExp(`^${time} app exited ${uuid} name=plain app=busybox status=9\n`),
    );
    expect(output).toMatch(new RegExp(`\n${time} pod exited ${uuid} name=plain\n$`));
  });

  test("who follows sees a pod from its beginning to its removal", async () => {
    const { follower, told } = await follow();
    const uuid = succeeded(await world().script("sleep 600", ["-d"])).trim();
    succeeded(await world().rkt(["stop", "--timeout=0", uuid]));
    succeeded(await world().rkt(["rm", uuid]));
    const events = await told("pod removed");
    await follower.signal("INT");
    expect((await follower.finished).status).toBe(0);
    expect(events.map(words)).toEqual([
      "pod created",
      "pod started",
      "app started busybox",
      "app exited busybox 137",
      "pod exited",
      "pod removed",
    ]);
  });

  test("who follows sees the death of a pod that could not tell of it", async () => {
    const { follower, told } = await follow("--filter=type=pod");
    const uuid = succeeded(await world().script("sleep 600", ["-d"])).trim();
    const ppid = `${world().data}/pods/run/${uuid}/ppid`;
    await world().machine.shell(`kill -KILL $(cat ${ppid})`);
    const events = await told("pod exited");
    await follower.signal("TERM");
    expect((await follower.finished).status).toBe(0);
    expect(events.map(words)).toEqual(["pod created", "pod started", "pod exited"]);
  });

  test("apps of mutable pods are added and removed", async () => {
    const app = async (...argv: string[]): Promise<string> =>
      succeeded(await world().rkt(["app", ...argv], EXPERIMENT));
    const uuid = (await app("sandbox", "-d", "--net=none")).trim();
    await app("add", uuid, IMAGE_NAME, "--name=web", "--exec=/bin/sleep", "--", "600");
    await app("start", uuid, "--app=web");
    await app("stop", uuid, "--app=web", "--timeout=0");
    await app("rm", uuid, "--app=web");
    const events = await past("--since=1h", "--filter=type=app");
    expect(events.map(words)).toEqual([
      "app added web",
      "app started web",
      "app exited web 137",
      "app removed web",
    ]);
    succeeded(await world().rkt(["stop", uuid]));
    await eventually("the pod's end is told", async () => {
      const ends = await past("--since=1h", "--filter=event=exited", "--filter=type=pod");
      return ends.length === 1 || undefined;
    });
  });

  test.each([
    [["--filter=colour=red"], '"colour=red" is no filter'],
    [["--filter=event"], '"event" is no filter'],
    [["--since=yesterday"], "yesterday"],
    [["--since=2026-99-99"], '"2026-99-99" is no time'],
    [["--format=yaml"], "Invalid format option: yaml"],
  ])("%j is refused", async (argv, says) => {
    const finished = await world().rkt(["events", ...argv]);
    expect(finished.status).toBe(254);
    expect(finished.stderr).toContain(says);
  });
});
