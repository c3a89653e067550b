/** The answers of the metadata service, in the words and with the headers of rkt. Pure. */

const ASCII = "text/plain; charset=us-ascii";
const TEXT = "text/plain; charset=utf-8";

export const notFound = (): Response =>
  new Response("404 page not found\n", {
    status: 404,
    headers: { "Content-Type": TEXT, "X-Content-Type-Options": "nosniff" },
  });

/** A short text as the answer to a question that was in order. */
export const ascii = (text: string): Response =>
  new Response(text, { headers: { "Content-Type": ASCII } });

/** @param text a JSON document */
export const json = (text: string): Response =>
  new Response(text, { headers: { "Content-Type": "application/json" } });

/** Done, and nothing to say. */
export const done = (): Response => new Response(null, { status: 200 });

/** What was wrong with the question. */
export const refusal = (status: 400 | 401 | 403 | 404, text: string): Response =>
  new Response(text, { status, headers: { "Content-Type": TEXT } });
