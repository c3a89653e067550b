/** The unpacking process alone, as the executable starts it: for tests. */
import process from "node:process";
import { unpackChild } from "../unpack-child.ts";

process.exit(await unpackChild());
