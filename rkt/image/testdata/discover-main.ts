/**
 * A host of its own for discovery, which knows no ports: port 80 of a private loopback. Prints what
 * was found for each name of the command line, or why not.
 */
import { describeFault, systemClock } from "@shared/base";
import { kernel } from "@shared/linux";
import { discoverImage, discoverKeys } from "../discover/discover.ts";
import { SECURE } from "../host.ts";

kernel.setLoopbackUp();
const asked: string[] = [];
const server = Bun.serve({
  hostname: "127.0.0.1",
  port: 80,
  fetch: (request) => {
    const { pathname, search } = new URL(request.url);
    asked.push(pathname + search);
    if (pathname !== "/team") return new Response("<html>nothing here</html>");
    return new Response(
      `<meta name="ac-discovery" content="127.0.0.1/other https://wrong.invalid/{name}.{ext}">
       <meta name="ac-discovery" content="127.0.0.1/team https://x.test/{flavour}.{ext}">
       <meta name="ac-discovery" content="127.0.0.1/team https://x.test/{name}-{version}.{ext}">
       <meta name="ac-discovery-pubkeys" content="127.0.0.1/team https://x.test/keys.asc">`,
    );
  },
});
const host = { clock: systemClock, random: () => 0, version: "0.1.0" };
const insecure = { ...SECURE, http: process.argv[2] === "http" };
const options = { insecure, platform: { os: "linux", architecture: "amd64" } };
const answers: unknown[] = [];
for (const name of process.argv.slice(3)) {
  const labels = [{ name: "version", value: "1.0" }];
  answers.push(await discoverImage(host, { name, labels }, options).catch(describeFault));
  answers.push(await discoverKeys(host, name, insecure).catch(describeFault));
}
process.stdout.write(JSON.stringify({ answers, asked }));
await server.stop(true);
