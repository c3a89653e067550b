/**
 * Documents tell the truth about files. In: Markdown documents. Out: links to files or headings
 * that are not there, and code spans that name a file of ours that is not there. Web links are not
 * followed.
 */
import { dirname, posix } from "node:path";
import type { Document } from "../document.ts";
import type { Finding, Rule } from "../finding.ts";
import type { Repository } from "../repository.ts";

export const deadLinks: Rule = {
  name: "every link and file name in a document leads somewhere",
  check: (repository) =>
    repository.documents.flatMap((document) => [
      ...deadLinksOf(repository, document),
      ...deadFileNamesOf(repository, document),
    ]),
};

function deadLinksOf(repository: Repository, document: Document): Finding[] {
  return document.links.flatMap(({ text, line }) => {
    if (/^[a-z]+:/.test(text)) return [];
    const [file = "", fragment] = text.split("#");
    const target = file === "" ? document.path : posix.join(dirname(document.path), file);
    const found = exists(repository, target) && hasAnchor(repository, target, fragment);
    const what = `the link "${text}" leads nowhere`;
    return found ? [] : [{ path: document.path, line, what, instead: "correct or remove it" }];
  });
}

const FILE_OF_OURS =
  /^(app|shared|rkt|rktnetes|e2e|bench|tools|docs)\/[\w./-]+\.(ts|sh|md|json|txt)$/;

function deadFileNamesOf(repository: Repository, document: Document): Finding[] {
  return document.spans
    .filter(({ text }) => FILE_OF_OURS.test(text) && !repository.paths.has(text))
    .map(({ text, line }) => ({
      path: document.path,
      line,
      what: `there is no file ${text}`,
      instead: "name the file where this happens now",
    }));
}

function exists({ paths }: Repository, target: string): boolean {
  const folder = target.endsWith("/") ? target : `${target}/`;
  return (
    paths.has(target) || target === "." || paths.values().some((path) => path.startsWith(folder))
  );
}

function hasAnchor(
  { documents }: Repository,
  target: string,
  fragment: string | undefined,
): boolean {
  const document = documents.find(({ path }) => path === target);
  return fragment === undefined || document === undefined || document.anchors.has(fragment);
}
