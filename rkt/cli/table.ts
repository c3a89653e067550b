/**
 * Every command of rkt, in the order of help. An entry loads its command when it is asked for: `rkt
 * version` reads nothing of the others.
 */
import type { CommandEntry } from "./grammar/command.ts";
import type { Program } from "./grammar/program.ts";

/** Set to a true word, it shows the commands of mutable pods. */
const APP_EXPERIMENT = "RKT_EXPERIMENT_APP";

export const COMMANDS: readonly CommandEntry[] = [
  {
    path: ["app", "add"],
    summary: "Add an app to a pod",
    experiment: APP_EXPERIMENT,
    load: async () => (await import("./commands/app-add.ts")).appAdd,
  },
  {
    path: ["app", "exec"],
    summary: "Execute commands in the given app's namespace.",
    experiment: APP_EXPERIMENT,
    load: async () => (await import("./commands/app-exec.ts")).appExec,
  },
  {
    path: ["app", "list"],
    summary: "List apps for the given pod",
    experiment: APP_EXPERIMENT,
    load: async () => (await import("./commands/app-list.ts")).appList,
  },
  {
    path: ["app", "rm"],
    summary: "Remove an app from a pod",
    experiment: APP_EXPERIMENT,
    load: async () => (await import("./commands/app-rm.ts")).appRm,
  },
  {
    path: ["app", "sandbox"],
    summary: "Create an empty pod application sandbox",
    experiment: APP_EXPERIMENT,
    load: async () => (await import("./commands/app-sandbox.ts")).appSandbox,
  },
  {
    path: ["app", "start"],
    summary: "Start an app in a pod",
    experiment: APP_EXPERIMENT,
    load: async () => (await import("./commands/app-start.ts")).appStart,
  },
  {
    path: ["app", "status"],
    summary: "Check the status of an app in the given pod",
    experiment: APP_EXPERIMENT,
    load: async () => (await import("./commands/app-status.ts")).appStatus,
  },
  {
    path: ["app", "stop"],
    summary: "Stop an app in a pod",
    experiment: APP_EXPERIMENT,
    load: async () => (await import("./commands/app-stop.ts")).appStop,
  },
  {
    path: ["attach"],
    summary: "Attach to an app running within a rkt pod",
    load: async () => (await import("./commands/attach.ts")).attach,
  },
  {
    path: ["cat-manifest"],
    summary: "Inspect and print the pod manifest",
    load: async () => (await import("./commands/cat-manifest.ts")).catManifest,
  },
  {
    path: ["completion"],
    summary: "Output shell completion code for the specified shell",
    load: async () => (await import("./commands/completion.ts")).completion,
  },
  {
    path: ["config"],
    summary: "Print configuration for each stage in JSON format",
    load: async () => (await import("./commands/config.ts")).config,
  },
  {
    path: ["enter"],
    summary: "Enter the namespaces of an app within a rkt pod",
    load: async () => (await import("./commands/enter.ts")).enter,
  },
  {
    path: ["events"],
    summary: "Print what happens to pods and their apps",
    load: async () => (await import("./commands/events.ts")).events,
  },
  {
    path: ["export"],
    summary: "Export an app from an exited pod to an ACI file",
    load: async () => (await import("./commands/export.ts")).exportApp,
  },
  {
    path: ["fetch"],
    summary: "Fetch image(s) and store them in the local store",
    load: async () => (await import("./commands/fetch.ts")).fetch,
  },
  {
    path: ["gc"],
    summary: "Garbage collect rkt pods no longer in use",
    load: async () => (await import("./commands/gc.ts")).gc,
  },
  {
    path: ["image", "cat-manifest"],
    summary: "Inspect and print the image manifest",
    load: async () => (await import("./commands/image-cat-manifest.ts")).imageCatManifest,
  },
  {
    path: ["image", "export"],
    summary: "Export a stored image to an ACI file",
    load: async () => (await import("./commands/image-export.ts")).imageExport,
  },
  {
    path: ["image", "extract"],
    summary: "Extract a stored image to a directory",
    load: async () => (await import("./commands/image-extract.ts")).imageExtract,
  },
  {
    path: ["image", "fetch"],
    summary: "Fetch image(s) and store them in the local store",
    hidden: true,
    load: async () => (await import("./commands/fetch.ts")).fetch,
  },
  {
    path: ["image", "gc"],
    summary: "Garbage collect local store",
    load: async () => (await import("./commands/image-gc.ts")).imageGc,
  },
  {
    path: ["image", "history"],
    summary: "Show how a stored image came to be",
    load: async () => (await import("./commands/image-history.ts")).imageHistory,
  },
  {
    path: ["image", "import-store"],
    summary: "Take over the images of a data directory of rkt 1.30",
    load: async () => (await import("./commands/image-import-store.ts")).imageImportStore,
  },
  {
    path: ["image", "list"],
    summary: "List images in the local store",
    load: async () => (await import("./commands/image-list.ts")).imageList,
  },
  {
    path: ["image", "load"],
    summary: "Load images from archives into the local store",
    load: async () => (await import("./commands/image-load.ts")).imageLoad,
  },
  {
    path: ["image", "push"],
    summary: "Push an image to a registry",
    load: async () => (await import("./commands/image-push.ts")).imagePush,
  },
  {
    path: ["image", "render"],
    summary: "Render a stored image to a directory with all its dependencies",
    load: async () => (await import("./commands/image-extract.ts")).imageRender,
  },
  {
    path: ["image", "rm"],
    summary: "Remove one or more images with the given IDs or image names from the local store",
    load: async () => (await import("./commands/image-rm.ts")).imageRm,
  },
  {
    path: ["image", "save"],
    summary: "Save images to an archive",
    load: async () => (await import("./commands/image-save.ts")).imageSave,
  },
  {
    path: ["image", "sbom"],
    summary: "Print the bill of materials attached to a container image",
    load: async () => (await import("./commands/image-sbom.ts")).imageSbom,
  },
  {
    path: ["image", "tag"],
    summary: "Give an image another name",
    load: async () => (await import("./commands/image-tag.ts")).imageTag,
  },
  {
    path: ["image", "verify"],
    summary: "Verify one or more rendered images in the local store",
    load: async () => (await import("./commands/image-verify.ts")).imageVerify,
  },
  {
    path: ["list"],
    summary: "List pods",
    load: async () => (await import("./commands/list.ts")).list,
  },
  {
    path: ["logs"],
    summary: "Print what the apps of a pod wrote",
    load: async () => (await import("./commands/logs.ts")).logs,
  },
  {
    path: ["man-pages"],
    summary: "Write the manual pages of all commands into a directory",
    hidden: true,
    load: async () => (await import("./commands/man-pages.ts")).manPages,
  },
  {
    path: ["metadata-service"],
    summary: "Run metadata service",
    load: async () => (await import("./commands/metadata-service.ts")).metadataService,
  },
  {
    path: ["net", "check"],
    summary: "Check the networks of pods, and look for what was left behind",
    load: async () => (await import("./commands/net-check.ts")).netCheck,
  },
  {
    path: ["net", "gc"],
    summary: "Take away what networks hold for pods that are gone",
    load: async () => (await import("./commands/net-gc.ts")).netGc,
  },
  {
    path: ["net", "list"],
    summary: "List the networks that pods can join",
    load: async () => (await import("./commands/net-list.ts")).netList,
  },
  {
    path: ["prepare"],
    summary: "Prepare to run image(s) in a pod in rkt",
    load: async () => (await import("./commands/prepare.ts")).prepare,
  },
  {
    path: ["rm"],
    summary: "Remove all files and resources associated with an exited pod",
    load: async () => (await import("./commands/rm.ts")).rm,
  },
  {
    path: ["run"],
    summary: "Run image(s) in a pod in rkt",
    load: async () => (await import("./commands/run.ts")).run,
  },
  {
    path: ["run-locked"],
    summary: "Become the stage1 of a pod that another process has locked",
    hidden: true,
    load: async () => (await import("./commands/run-locked.ts")).runLocked,
  },
  {
    path: ["run-prepared"],
    summary: "Run a prepared application pod in rkt",
    load: async () => (await import("./commands/run-prepared.ts")).runPrepared,
  },
  {
    path: ["stats"],
    summary: "Show what the apps of running pods use",
    load: async () => (await import("./commands/stats.ts")).stats,
  },
  {
    path: ["status"],
    summary: "Check the status of a rkt pod",
    load: async () => (await import("./commands/status.ts")).status,
  },
  {
    path: ["stop"],
    summary: "Stop a pod",
    load: async () => (await import("./commands/stop.ts")).stop,
  },
  {
    path: ["top"],
    summary: "List the processes of running pods",
    load: async () => (await import("./commands/top.ts")).top,
  },
  {
    path: ["trust"],
    summary: "Trust a key for image verification",
    load: async () => (await import("./commands/trust.ts")).trust,
  },
  {
    path: ["version"],
    summary: "Print the version and exit",
    load: async () => (await import("./commands/version.ts")).version,
  },
  {
    path: ["volume", "create"],
    summary: "Make a volume that outlives pods",
    load: async () => (await import("./commands/volume.ts")).volumeCreate,
  },
  {
    path: ["volume", "inspect"],
    summary: "Print what is known of volumes",
    load: async () => (await import("./commands/volume.ts")).volumeInspect,
  },
  {
    path: ["volume", "ls"],
    summary: "List the volumes that outlive pods",
    load: async () => (await import("./commands/volume.ts")).volumeLs,
  },
  {
    path: ["volume", "rm"],
    summary: "Remove volumes",
    load: async () => (await import("./commands/volume.ts")).volumeRm,
  },
  {
    path: ["help"],
    summary: "Help about any command",
    load: async () => (await import("./commands/help.ts")).help,
  },
];

export const RKT: Program = {
  name: "rkt",
  summary: "rkt, the application container runner",
  description: ["Runs and manages pods of application containers on Linux."],
  commands: COMMANDS,
  groups: {
    app: { summary: "Operate on app level operations", description: [] },
    net: {
      summary: "Operate on the networks of pods",
      description: ["Looks at the networks that pods can join, and at those of pods that run."],
    },
    image: {
      summary: "Operate on image(s) in the local store",
      description: [
        "Works on images of the local store.",
        "",
        "An image is named by its ID, whole or shortened, as in",
        '"sha512-78c08a541997", or by its name as the store holds it, with a tag, as in',
        '"quay.io/coreos/etcd:v3.0.13", or without one, as in "quay.io/coreos/etcd".',
      ],
    },
  },
  failureStatus: 254,
};
