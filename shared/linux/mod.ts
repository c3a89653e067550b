/**
 * The only door to the kernel. Nothing else in the project calls it other than through node's own
 * modules.
 */
export { cgroupProcesses, cgroupUsage } from "./cgroup-usage.ts";
export type { CgroupUsage } from "./cgroup-usage.ts";
export { cgroupControllers, cgroupLayout, controllerMounts } from "./cgroups.ts";
export type { CgroupLayout, ControllerMount } from "./cgroups.ts";
export type { DeviceNumber, LockKind } from "./files.ts";
export { kernel } from "./kernel.ts";
export type { Kernel } from "./kernel.ts";
export {
  changeLink,
  deleteAddress,
  deleteLink,
  deleteRoute,
  findLink,
  labelLink,
  linkTowards,
  listAddresses,
  listLinks,
  listRoutes,
  nameOfLink,
  newAddress,
  newBridge,
  newRoute,
  newVeth,
  setHairpin,
} from "./links.ts";
export type { IpNetwork, Link, Route, VethPair } from "./links.ts";
export type { MountFlag, MountRequest } from "./mounts.ts";
export { namespacePath } from "./namespaces.ts";
export type { NamespaceKind } from "./namespaces.ts";
export { openNetlink } from "./netlink.ts";
export type { Netlink, NetlinkAnswer, NetlinkMessage } from "./netlink.ts";
export {
  accept,
  addressIs,
  addTables,
  commentedRules,
  destinationIsLocal,
  familiesOf,
  familyIs,
  hasNftables,
  insertRules,
  isAnswer,
  isRedirected,
  listForwardChains,
  listTables,
  masquerade,
  portIs,
  redirectTo,
  removeCommented,
  removeTables,
} from "./nftables.ts";
export type { Chain, Expression, ForwardChain, Rule, Table } from "./nftables.ts";
export type { TableFamily, Transport } from "./nftables.ts";
export { interfaceTraffic, processInfo } from "./process-info.ts";
export type { InterfaceTraffic, ProcessInfo } from "./process-info.ts";
export { holdPort } from "./ports.ts";
export {
  isTerminal,
  listenForTerminal,
  makeRaw,
  receiveTerminal,
  setNonBlocking,
  setTerminalSize,
  terminalSize,
} from "./terminal.ts";
export type { TerminalSize } from "./terminal.ts";
export { datagramsAt, datagramsTo } from "./unix-sockets.ts";
export type { DatagramReceiver, DatagramSender } from "./unix-sockets.ts";
export type { BindRequest, IdRange } from "./user-namespaces.ts";
