/** What leases do beyond their data. */
import { leaseErrors } from "../../validate/cluster/lease.ts";
import type { Strategy } from "../strategy.ts";

export const LEASE: Strategy = { validateCreate: leaseErrors, validateUpdate: leaseErrors };
