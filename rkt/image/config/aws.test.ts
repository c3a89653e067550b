/** The examples of AWS's own document on Signature Version 4 for S3. */
import { describe, expect, test } from "bun:test";
import { awsHeaders, awsRegion } from "./aws.ts";

const KEYS = {
  accessKeyId: "AKIAIOSFODNN7EXAMPLE",
  secretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
  region: "us-east-1",
};
const NOW = Date.UTC(2013, 4, 24);

const EXAMPLES: readonly (readonly [string, string, Record<string, string>, string])[] = [
  [
    "an object, with a range",
    "https://examplebucket.s3.amazonaws.com/test.txt",
    { Range: "bytes=0-9" },
    "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
  ],
  [
    "a query without a value",
    "https://examplebucket.s3.amazonaws.com/?lifecycle",
    {},
    "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543",
  ],
  [
    "a query of two",
    "https://examplebucket.s3.amazonaws.com/?max-keys=2&prefix=J",
    {},
    "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7",
  ],
];

describe("awsHeaders()", () => {
  for (const [reason, url, headers, signature] of EXAMPLES) {
    test(reason, () => {
      const { Authorization = "" } = awsHeaders(new URL(url), headers, KEYS, NOW);
      expect(Authorization).toEndWith(`Signature=${signature}`);
      expect(Authorization).toContain("AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request");
    });
  }
});

const REGIONS: Readonly<Record<string, string>> = {
  "s3.amazonaws.com": "us-east-1",
  "bucket.s3.amazonaws.com": "us-east-1",
  "s3-eu-west-1.amazonaws.com": "eu-west-1",
  "bucket.s3.ap-southeast-2.amazonaws.com": "ap-southeast-2",
  "s3.us-gov-west-1.amazonaws.com": "us-gov-west-1",
  "s3.cn-north-1.amazonaws.com.cn": "cn-north-1",
  "files.example.com": "us-east-1",
};

for (const [host, region] of Object.entries(REGIONS)) {
  test(`${host} is in ${region}`, () => expect(awsRegion(host)).toBe(region));
}
