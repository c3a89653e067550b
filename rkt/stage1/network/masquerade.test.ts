import { expect, test } from "bun:test";
import { acceptanceOf, additionOf, removalOf } from "./masquerade.ts";

const MINE = "1041b521-7c2c-4f07-b7c3-0407ac3f5c43";
const comment = (uuid: string): string =>
  `-m comment --comment "name: \\"default\\" id: \\"${uuid}\\""`;
const saved = (uuid: string, chain: string, address: string): string[] => [
  `-A POSTROUTING -s ${address}/32 ${comment(uuid)} -j ${chain}`,
  `-A ${chain} -d 172.16.28.0/24 ${comment(uuid)} -j ACCEPT`,
  `-A ${chain} ! -d 224.0.0.0/4 ${comment(uuid)} -j MASQUERADE`,
];
const OTHERS = saved("ae7cb86c-4ff4-44ce-a707-ed61bef958ce", "CNI-bbcff9c8", "172.16.28.86");

test("additionOf() gives the chain and the rules of the reference plugin", () => {
  const addresses = [
    { version: 4, address: "172.16.28.20/24" },
    { version: 6, address: "fd00::20/64" },
  ] as const;
  const masquerade = { network: "default", uuid: MINE, addresses };
  expect(additionOf(masquerade, { version: 4, multicast: "224.0.0.0/4" })).toEqual([
    ":CNI-3abad24a65548df542aa30d0 - [0:0]",
    `-A CNI-3abad24a65548df542aa30d0 -d 172.16.28.20/24 ${comment(MINE)} -j ACCEPT`,
    `-A CNI-3abad24a65548df542aa30d0 ! -d 224.0.0.0/4 ${comment(MINE)} -j MASQUERADE`,
    `-A POSTROUTING -s 172.16.28.20 ${comment(MINE)} -j CNI-3abad24a65548df542aa30d0`,
  ]);
});

test("removalOf() takes the rules and chains of one pod, and no other's", () => {
  const text = ["*nat", ...saved(MINE, "CNI-3abad24a", "172.16.28.20"), ...OTHERS, "COMMIT"];
  expect(removalOf(MINE, text.join("\n"))).toEqual([
    `-D POSTROUTING -s 172.16.28.20/32 ${comment(MINE)} -j CNI-3abad24a`,
    "-F CNI-3abad24a",
    "-X CNI-3abad24a",
  ]);
});

test("removalOf() is empty where the pod has nothing", () => {
  expect(removalOf(MINE, ["*nat", ...OTHERS, "COMMIT"].join("\n"))).toEqual([]);
});

test("acceptanceOf() lets in answers and published ports only, and is found again", () => {
  const addresses = [{ version: 4, address: "172.16.28.20/24" }] as const;
  const [incoming = "", outgoing = ""] = acceptanceOf(
    { network: "default", uuid: MINE, addresses },
    { version: 4 },
  );
  expect(incoming).toContain("-d 172.16.28.20 -m conntrack --ctstate RELATED,ESTABLISHED,DNAT ");
  expect(outgoing).toStartWith("-I FORWARD -s 172.16.28.20 ");
  const text = [incoming, outgoing].map((line) => line.replace("-I", "-A")).join("\n");
  expect(removalOf(MINE, text)).toEqual([
    incoming.replace("-I", "-D"),
    outgoing.replace("-I", "-D"),
  ]);
});
