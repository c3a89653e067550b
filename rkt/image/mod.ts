/** Images: fetched, verified and stored. `pull` is the way in; the store is what remains. */
export { writeAci } from "./aci/write-aci.ts";
export { progressBars } from "./fetch/progress.ts";
export type { BarTerminal } from "./fetch/progress.ts";
export type { Credentials } from "./config/auth.ts";
export { proxiesOf } from "./config/proxy.ts";
export { loadSite } from "./config/site.ts";
export type { Site } from "./config/site.ts";
export { SECURE } from "./host.ts";
export type { ImageHost, Insecure, KeyReview, ProgressEvent } from "./host.ts";
export type { BlobDigest, ImageId, LayerId, StoredImage, Verification } from "./image.ts";
export type { NewTarFile } from "./layers/tar-writer.ts";
export { UNPACK_ARGUMENT } from "./layers/unpack-request.ts";
export { pull } from "./pull.ts";
export type { PullOptions, PullPolicy } from "./pull-options.ts";
export { openStore } from "./store/store.ts";
export type { Collected, InUse, Store, StoreHost } from "./store/store.ts";
export { trustKeys } from "./trust/trust.ts";
export type { TrustHost, TrustOptions } from "./trust/trust.ts";
