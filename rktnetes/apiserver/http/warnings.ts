/**
 * Warnings of one request, as the headers of its answer can carry them. In: texts, as they come up.
 * Out: each once, in their order; from 4,096 characters on all of them shortened, and no more than
 * that. Pure.
 */

const TOTAL_MAX = 4096;
const SHORT_MAX = 256;

export class Warnings {
  readonly #told = new Set<string>();
  #texts: string[] = [];
  #length = 0;
  #isShort = false;

  get texts(): readonly string[] {
    return this.#texts;
  }

  readonly add = (text: string): void => {
    if (text === "" || this.#told.has(text)) return;
    this.#told.add(text);
    if (this.#fits(this.#isShort ? shortened(text) : text) || this.#isShort) return;
    const all = [...this.#texts, text].map(shortened);
    this.#isShort = true;
    this.#texts = [];
    this.#length = 0;
    for (const short of all) if (!this.#fits(short)) return;
  };

  /** Puts it down where there is room. */
  #fits(text: string): boolean {
    const length = this.#length + [...text].length;
    if (length > TOTAL_MAX) return false;
    this.#texts.push(text);
    this.#length = length;
    return true;
  }
}

function shortened(text: string): string {
  return text.length <= SHORT_MAX ? text : [...text].slice(0, SHORT_MAX).join("");
}
