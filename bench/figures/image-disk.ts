/**
 * Disk that ten images take which share seven of their eight layers: as we keep them, as podman
 * does, and as rkt 1.30 did, which had each image squashed, compressed and rendered (computed: what
 * one of them takes, ten times).
 */
import { join } from "node:path";
import { must } from "@e2e/rkt";
import type { Figure } from "../figure.ts";
import { diskMB, sister, startImages } from "../images.ts";

const COUNT = 10;

export const diskBesidePodman: Figure = {
  name: `image: disk of ${COUNT} with shared layers`,
  peer: "podman",
  unit: "ratio of MB",
  first: 1.6, // the bytes as fetched are kept too
  aim: 1.5,
  measure: async () => {
    await using images = await startImages(COUNT);
    for (let n = 0; n < COUNT; n++) {
      await must(images.rkt(sister(n)));
      await must(images.podman(sister(n)));
    }
    return {
      ours: await diskMB(join(images.directory, "rkt")),
      peer: await diskMB(join(images.directory, "podman")),
    };
  },
};

export const diskBesideSquashed: Figure = {
  name: `image: disk of ${COUNT} with shared layers`,
  peer: "rkt 1.30 (computed)",
  unit: "ratio of MB",
  first: 0.2,
  aim: 0.15,
  measure: async () => {
    await using images = await startImages(COUNT);
    let squashed = 0;
    for (let n = 0; n < COUNT; n++) {
      await must(images.rkt(sister(n)));
      await must(images.rkt(sister(n), `rkt-alone-${n}`));
      squashed += await diskMB(join(images.directory, `rkt-alone-${n}`));
    }
    return { ours: await diskMB(join(images.directory, "rkt")), peer: squashed };
  },
};
