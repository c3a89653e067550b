/**
 * Who a request comes from: the certificate of its connection. Without one it is anonymous; with
 * credentials that mean nothing it is refused. @throws {StatusFault} 401
 */
import { unauthorizedFault } from "@rktnetes/api/status-fault";
import type { ApiRequest } from "../http/api-request.ts";
import { ANONYMOUS, type User } from "./user.ts";

/** Other schemes are as if nothing had been said. */
const BEARER = /^bearer [^ ]/i;

/** @throws {StatusFault} 401 */
export function authenticate(request: ApiRequest): User {
  const certificate = request.certificate();
  if (certificate !== undefined) {
    return {
      name: certificate.commonName,
      uid: "",
      groups: [...certificate.organizations, "system:authenticated"],
      extra: {},
    };
  }
  if (BEARER.test(request.header("authorization") ?? "")) throw unauthorizedFault();
  return ANONYMOUS;
}
