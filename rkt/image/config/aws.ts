/**
 * Signature of a request to S3 as AWS wants it, version 4. A request, keys and a time in; headers
 * out. Pure.
 *
 * @see AWS, "Authenticating Requests: Using the Authorization Header (AWS Signature Version 4)"
 */
import { createHash, createHmac } from "node:crypto";
import type { AwsKeys } from "./auth.ts";

const EMPTY_BODY = createHash("sha256").digest("hex");
const FALLBACK_REGION = "us-east-1";

/** Headers that a GET of this URL needs; `headers` are signed too. */
export function awsHeaders(
  url: URL,
  headers: Readonly<Record<string, string>>,
  keys: AwsKeys,
  nowMs: number,
): Record<string, string> {
  const time = new Date(nowMs).toISOString().replace(/[-:]|\.\d{3}/g, "");
  const day = time.slice(0, 8);
  const region = keys.region ?? awsRegion(url.hostname);
  const own = { "x-amz-content-sha256": EMPTY_BODY, "x-amz-date": time };
  const signed = lowerCase({ ...headers, ...own, host: url.host });
  const names = Object.keys(signed).sort();
  const request = [
    "GET",
    pathOf(url),
    queryOf(url),
    ...names.map((name) => `${name}:${signed[name]?.trim()}`),
    "",
    names.join(";"),
    EMPTY_BODY,
  ].join("\n");
  const scope = `${day}/${region}/s3/aws4_request`;
  const text = ["AWS4-HMAC-SHA256", time, scope, sha256(request)].join("\n");
  const key = [day, region, "s3", "aws4_request"].reduce<Buffer>(
    hmac,
    Buffer.from(`AWS4${keys.secretAccessKey}`),
  );
  const credential = `Credential=${keys.accessKeyId}/${scope}`;
  const signature = hmac(key, text).toString("hex");
  const words = `${credential}, SignedHeaders=${names.join(";")}, Signature=${signature}`;
  return { ...own, Authorization: `AWS4-HMAC-SHA256 ${words}` };
}

/** `s3.eu-west-1.amazonaws.com`, `bucket.s3-eu-west-1.amazonaws.com` → `eu-west-1`. */
export function awsRegion(hostname: string): string {
  const found = /(?:^|\.)s3[.-](?:dualstack\.)?([a-z]{2}(?:-[a-z]+)+-\d+)\.amazonaws\.com/;
  return found.exec(hostname)?.[1] ?? FALLBACK_REGION;
}

function pathOf(url: URL): string {
  return url.pathname.split("/").map(escapeOnce).join("/");
}

function queryOf(url: URL): string {
  return [...url.searchParams]
    .map(([name, value]) => `${escaped(name)}=${escaped(value)}`)
    .sort()
    .join("&");
}

function escapeOnce(segment: string): string {
  return escaped(decodeURIComponent(segment));
}

function escaped(text: string): string {
  const code = (c: string): string => `%${c.charCodeAt(0).toString(16).toUpperCase()}`;
  return encodeURIComponent(text).replace(/[!'()*]/g, code);
}

function lowerCase(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([k, v]) => [k.toLowerCase(), v]));
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

function hmac(key: Buffer, text: string): Buffer {
  return createHmac("sha256", key).update(text).digest();
}
