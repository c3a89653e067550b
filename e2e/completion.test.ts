/** Shell completion and manual pages, made of the table that help is made of. */
import { beforeAll, describe, expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { IMAGE_NAME } from "./fixtures/aci.ts";
import { run } from "./fixtures/process.ts";
import { refused, succeeded } from "./harness/expectations.ts";
import { feature } from "./harness/feature.ts";
import { RKT } from "./harness/world.ts";

feature("completion and manual pages", { programs: { bash: "bash" } }, (world) => {
  beforeAll(async () => {
    await world().store();
  });

  /** What bash offers after this line. */
  async function offered(line: string): Promise<string[]> {
    const words = line.split(" ");
    const script = [
      "source <(rkt completion bash)",
      `COMP_WORDS=(${words.map((word) => `'${word}'`).join(" ")})`,
      `COMP_CWORD=${words.length - 1}`,
      `rkt() { command rkt --dir=${world().data} "$@"; }`,
      "_rkt",
      'printf "%s\\n" "${COMPREPLY[@]}"',
    ].join("\n");
    const env = { PATH: `${dirname(RKT)}:/usr/sbin:/usr/bin:/sbin:/bin` };
    return succeeded(await run(["bash", "-c", script], { env }))
      .trim()
      .split("\n");
  }

  describe("bash", () => {
    const lines: readonly [line: string, words: string[]][] = [
      ["rkt run-p", ["run-prepared"]],
      ["rkt --debug sta", ["stats", "status"]],
      ["rkt image cat", ["cat-manifest"]],
      ["rkt image list --no", ["--no-legend"]],
      ["rkt run --pod-man", ["--pod-manifest="]],
      ["rkt gc --grace", ["--grace-period="]],
    ];
    for (const [line, words] of lines) {
      test(line, async () => {
        expect(await offered(line)).toEqual(words);
      });
    }

    test("offers the pods and images that are there", async () => {
      const prepared = await world().rkt(["prepare", IMAGE_NAME]);
      const uuid = succeeded(prepared).trim();
      expect(await offered(`rkt status ${uuid.slice(0, 2)}`)).toContain(uuid);
      expect(await offered("rkt run example")).toEqual([`${IMAGE_NAME}:1.0.0`]);
      expect(await offered("rkt image li")).toEqual(["list"]);
    });
  });

  for (const [shell, check] of [
    ["zsh", ["zsh", "-n"]],
    ["fish", ["fish", "--no-execute"]],
  ] as const) {
    const isThere = Bun.which(shell) !== null;
    test.skipIf(!isThere)(
      `${shell} takes its script${isThere ? "" : ": it is not here"}`,
      async () => {
        const file = join(world().directory, `completion.${shell}`);
        await Bun.write(file, succeeded(await world().rkt(["completion", shell])));
        expect(succeeded(await run([...check, file]))).toBe("");
      },
    );
  }

  test("fish completes every command and flag that bash does", async () => {
    const [bash, fish] = await Promise.all(
      ["bash", "fish"].map(async (shell) => succeeded(await world().rkt(["completion", shell]))),
    );
    const flags = new Set(
      [...(bash ?? "").matchAll(/ --([a-z][a-z0-9-]*)/g)].map(([, name]) => name),
    );
    flags.delete("no-legend");
    expect(flags.size).toBeGreaterThan(60);
    for (const flag of flags) expect(fish).toContain(`-l ${flag} `);
  });

  test("a shell must be named, one, and known", async () => {
    const line = async (...argv: string[]): Promise<string> =>
      refused(await world().rkt(["completion", ...argv]));
    expect(await line()).toBe("completion: shell type is not specified");
    expect(await line("nothing")).toBe("completion: 'nothing' shell is not supported");
    expect(await line("a", "b")).toBe(
      "completion: too many arguments, only shell type is expected",
    );
  });

  test("every command has a manual page that man can show", async () => {
    const directory = join(world().directory, "man");
    succeeded(await world().rkt(["man-pages", directory]));
    const pages = readdirSync(directory);
    expect(pages).toContain("rkt.1");
    expect(pages).toContain("rkt-image-list.1");
    const help = succeeded(await world().rkt(["help"]));
    const commands = [...help.matchAll(/^\t([a-z]+[a-z -]*?)\t+[A-Z]/gm)].map(([, name]) => name);
    for (const name of commands) expect(pages).toContain(`rkt-${name?.replace(" ", "-")}.1`);
    if (Bun.which("groff") === null) return;
    for (const page of pages) {
      const shown = await run(["groff", "-man", "-Tutf8", "-ww", join(directory, page)]);
      expect(succeeded(shown)).toContain("User Commands");
      expect(shown.stderr, page).toBe("");
    }
  });
});
