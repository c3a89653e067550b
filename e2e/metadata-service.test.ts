/** What a pod learns of itself from the metadata service, and what others learn of it. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { IMAGE_NAME } from "./fixtures/aci.ts";
import { type Background, eventually } from "./harness/background.ts";
import { refused, succeeded } from "./harness/expectations.ts";
import { feature } from "./harness/feature.ts";

const SOCKET = "/run/rkt/metadata-svc.sock";
const PROGRAMS = { curl: "curl" };
const ASCII = "text/plain; charset=us-ascii";
const JSON_TYPE = "application/json";
const PLUGINS = existsSync("/usr/lib/cni/ptp")
  ? undefined
  : "it needs CNI plugins (Debian: containernetworking-plugins)";

interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

feature("rkt metadata-service", { programs: PROGRAMS, lacks: PLUGINS }, (world) => {
  let service: Background;
  let uuid = "";
  let url = "";

  const ask = async (...argv: string[]): Promise<Answer> => {
    const told = ["-s", "-w", "\n%{http_code} %{content_type}"];
    const { stdout } = await world().machine.run(["curl", ...told, ...argv]);
    const end = stdout.lastIndexOf("\n");
    const [status = "", ...type] = stdout.slice(end + 1).split(" ");
    return { status: Number(status), type: type.join(" "), body: stdout.slice(0, end) };
  };
  const get = (path: string): Promise<Answer> => ask(`${url}/acMetadata/v1/${path}`);
  const post = (path: string, ...fields: string[]): Promise<Answer> =>
    ask(
      ...fields.flatMap((field) => ["--data-urlencode", field]),
      `${url}/acMetadata/v1/pod/hmac/${path}`,
    );

  /** A registered pod on the host's network that goes on, and its AC_METADATA_URL. */
  async function registered(): Promise<{ readonly uuid: string; readonly url: string }> {
    const say = ["--exec=/bin/sh", "--", "-c", "echo url $AC_METADATA_URL; sleep 600"];
    const app = [IMAGE_NAME, "--name=self", "--annotation=example.test/both=of the app", ...say];
    const run = await world().rkt(["run", "-d", "--mds-register", "--net=host", ...app]);
    const pod = succeeded(run).trim();
    const address = await eventually("the app says its URL", async () => {
      const { stdout } = await world().rkt(["logs", pod]);
      return /url (\S+)/.exec(stdout)?.[1];
    });
    return { uuid: pod, url: address };
  }

  async function end(pod: string): Promise<void> {
    succeeded(await world().rkt(["stop", "--force", pod]));
    succeeded(await world().rkt(["status", "--wait=20s", pod]));
  }

  beforeAll(async () => {
    const annotations = [
      { name: "example.test/both", value: "of the image" },
      { name: "example.test/image", value: "only the image" },
    ];
    await world().store({ manifest: { annotations } });
    service = await world().start(["metadata-service"]);
    const isUp = async () =>
      (await ask("http://127.0.0.1:18112/")).status === 404 ? true : undefined;
    await eventually("the service answers", isUp);
    ({ uuid, url } = await registered());
  });

  afterAll(async () => {
    await service.signal("KILL").catch(() => undefined);
  });

  test("AC_METADATA_URL holds 128 bits that prove who asks", () => {
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:18112\/[0-9a-f]{32}$/);
  });

  test("a pod that is not registered has no AC_METADATA_URL", async () => {
    expect(succeeded(await world().script("env"))).not.toContain("AC_METADATA_URL");
  });

  test("pod/uuid", async () => {
    expect(await get("pod/uuid")).toEqual({ status: 200, type: ASCII, body: uuid });
  });

  test("pod/manifest", async () => {
    const { status, type, body } = await get("pod/manifest");
    expect([status, type]).toEqual([200, JSON_TYPE]);
    expect(JSON.parse(body)).toMatchObject({
      acKind: "PodManifest",
      apps: [{ name: "self", image: { name: IMAGE_NAME } }],
    });
  });

  test("pod/annotations, all and one", async () => {
    const name = "coreos.com/rkt/stage1/mutable";
    const body = JSON.stringify([{ name, value: "false" }]);
    expect(await get("pod/annotations")).toEqual({ status: 200, type: JSON_TYPE, body });
    const one = await get(`pod/annotations/${name}`);
    expect(one).toEqual({ status: 200, type: ASCII, body: "false" });
  });

  test("apps/NAME/annotations: those of the app win over those of the image", async () => {
    const { type, body } = await get("apps/self/annotations");
    expect(type).toBe(JSON_TYPE);
    expect(JSON.parse(body)).toEqual([
      { name: "example.test/both", value: "of the app" },
      { name: "example.test/image", value: "only the image" },
    ]);
    const one = await get("apps/self/annotations/example.test/image");
    expect(one).toEqual({ status: 200, type: ASCII, body: "only the image" });
  });

  test("apps/NAME/image/manifest and image/id", async () => {
    const { type, body } = await get("apps/self/image/manifest");
    expect(type).toBe(JSON_TYPE);
    expect(JSON.parse(body)).toMatchObject({ acKind: "ImageManifest", name: IMAGE_NAME });
    const list = await world().rkt(["image", "list", "--no-legend", "--full", "--fields=id"]);
    const id = await get("apps/self/image/id");
    expect(id).toEqual({ status: 200, type: ASCII, body: succeeded(list).trim() });
  });

  test("pod/hmac: a signature of this pod is good for this pod and this content only", async () => {
    const signed = await post("sign", "content=a=b & c");
    expect([signed.status, signed.type]).toEqual([200, ASCII]);
    expect(Buffer.from(signed.body, "base64")).toHaveLength(64);
    const signature = `signature=${signed.body}`;
    const verify = async (pod: string, content: string, ...more: string[]): Promise<number> =>
      (await post("verify", `uuid=${pod}`, `content=${content}`, ...more)).status;
    expect(await verify(uuid, "a=b & c", signature)).toBe(200);
    expect(await verify(uuid, "a=b & d", signature)).toBe(403);
    expect(await verify(crypto.randomUUID(), "a=b & c", signature)).toBe(403);
    expect(await verify(uuid, "a=b & c", "signature=AAAA")).toBe(403);
    expect(await verify(uuid, "a=b & c", "signature=$$")).toBe(400);
    expect(await verify("me", "a=b & c", signature)).toBe(400);
    expect((await post("sign", "other=x")).body).toBe("content form value not found");
  });

  test("what is not there", async () => {
    expect(await get("apps/other/image/id")).toMatchObject({
      status: 404,
      body: "app not found\n",
    });
    const none = await get("pod/annotations/example.test/none");
    expect(none.body).toBe('Pod annotation "example.test/none" not found');
    expect(none.status).toBe(404);
    const bad = await get("apps/self/annotations/NO");
    expect(bad.body).toBe('App annotation "NO" is not a valid AC Identifier');
    expect(bad.status).toBe(400);
    for (const path of ["", "pod", "pod/hmac/sign", "nonsense"]) {
      expect(await get(path)).toMatchObject({ status: 404, body: "404 page not found\n" });
    }
  });

  test("who has not the token of a pod learns nothing", async () => {
    const stranger = `http://127.0.0.1:18112/${"0".repeat(32)}/acMetadata/v1`;
    for (const path of ["pod/uuid", "pod/manifest", "apps/self/image/id"]) {
      expect(await ask(`${stranger}/${path}`)).toMatchObject({
        status: 401,
        body: "pod not found\n",
      });
    }
    const signed = await ask("-d", "content=x", `${stranger}/pod/hmac/sign`);
    expect(signed.status).toBe(401);
  });

  test("on the default network an app asks the host's side of it", async () => {
    const ask = "echo $AC_METADATA_URL; wget -q -O - $AC_METADATA_URL/acMetadata/v1/pod/uuid";
    const app = [IMAGE_NAME, "--exec=/bin/sh", "--", "-c", `hostname; ${ask}`];
    const told = succeeded(await world().rkt(["run", "--mds-register", ...app]));
    const [hostname, address, self] = told.split("\n");
    expect(address).toMatch(/^http:\/\/172\.16\.28\.1:18112\/[0-9a-f]{32}$/);
    expect(hostname).toBe(`rkt-${self}`);
  });

  test("a pod that has ended is forgotten", async () => {
    const other = await registered();
    const address = `${other.url}/acMetadata/v1/pod/uuid`;
    expect((await ask(address)).body).toBe(other.uuid);
    await end(other.uuid);
    expect((await ask(address)).status).toBe(401);
  });

  test("also when its supervisor was killed, once it is collected", async () => {
    const other = await registered();
    const address = `${other.url}/acMetadata/v1/pod/uuid`;
    await world().machine.shell(`kill -KILL $(cat ${world().data}/pods/run/${other.uuid}/ppid)`);
    succeeded(await world().rkt(["status", "--wait=20s", other.uuid]));
    expect((await ask(address)).status).toBe(200);
    succeeded(await world().rkt(["gc", "--grace-period=0s"]));
    expect((await ask(address)).status).toBe(401);
  });

  test("registrations that are no registrations are refused", async () => {
    const put = (path: string, body: string): Promise<Answer> =>
      ask("--unix-socket", SOCKET, "-X", "PUT", "-d", body, `http://localhost/pods/${path}`);
    expect(await put("me?token=1", "{}")).toMatchObject({ status: 400 });
    const other = crypto.randomUUID();
    expect(await put(other, "{}")).toMatchObject({ status: 400, body: "token missing" });
    const broken = await put(`${other}?token=1`, "{");
    expect(broken.status).toBe(400);
    expect(broken.body).toStartWith("JSON-decoding failed: ");
    const image = await ask(...["--unix-socket", SOCKET, "-X", "DELETE"], `http://x/pods/${other}`);
    expect(image).toMatchObject({ status: 404, body: "pod not found" });
  });

  test("a second service is refused while the first one runs", async () => {
    const { status, stderr } = await world().rkt(["metadata-service"]);
    expect(status).toBe(254);
    expect(stderr).toBe(
      "metadata-service: metadata service starting...\n" +
        `metadata-service: listen unix ${SOCKET}: bind: address already in use\n`,
    );
  });

  test("a port that is no number is refused with help", async () => {
    const { status, stderr } = await world().rkt(["metadata-service", "--listen-port=nonsense"]);
    expect(status).toBe(254);
    expect(stderr).toContain('invalid argument "nonsense" for --listen-port=nonsense');
  });

  test("--net=none has no way to the service", async () => {
    const none = await world().rkt(["run", "--net=none", "--mds-register", IMAGE_NAME]);
    expect(refused(none)).toBe(
      "run: --mds-register flag does not work with --net=none. " +
        "Please use 'host', 'default' or an equivalent network",
    );
  });

  test("asked to end it says so and leaves no socket; without it registering fails", async () => {
    await end(uuid);
    await service.signal("TERM");
    const { status, stderr } = await service.finished;
    expect(status).toBe(0);
    expect(stderr).toContain(`metadata-service: PUT /pods/${uuid} - 200\n`);
    expect(stderr).toContain("metadata-service: GET /<token>/acMetadata/v1/pod/uuid - 200\n");
    expect(stderr).toEndWith("metadata-service: metadata service exiting...\n");
    expect(stderr).not.toContain(url.slice(-32));
    await world().machine.shell(`test ! -e ${SOCKET}`);
    const before = world().pods();
    const failed = await world().rkt(["run", "--net=host", "--mds-register", IMAGE_NAME]);
    expect(refused(failed)).toStartWith("run: failed to register pod with metadata svc: ");
    expect(world().pods()).toEqual(before);
  });

  test("a socket that a killed service left does not keep the next one away", async () => {
    const first = await world().start(["metadata-service"]);
    const socketIsThere = () =>
      world()
        .machine.shell(`test -S ${SOCKET}`)
        .then(() => true)
        .catch(() => undefined);
    await eventually("the first one listens", socketIsThere);
    await first.signal("KILL");
    await first.finished;
    const second = await world().start(["metadata-service"]);
    const isUp = async () =>
      (await ask("http://127.0.0.1:18112/")).status === 404 ? true : undefined;
    await eventually("the second one answers", isUp);
    await second.signal("TERM");
    expect((await second.finished).status).toBe(0);
  });
});
