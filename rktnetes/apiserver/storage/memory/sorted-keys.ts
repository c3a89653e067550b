/**
 * Keys in the order of their UTF-8 bytes, found by halving. In: keys one by one. Out: ranges of
 * them. Never holds a value.
 */

/** Where `key` stands, or would stand, in `keys`. */
function findKey(keys: readonly string[], key: string): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compareKeys(keys[middle] ?? "", key) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Adds a key that may be there already. */
export function insertKey(keys: string[], key: string): void {
  const at = findKey(keys, key);
  if (keys[at] !== key) keys.splice(at, 0, key);
}

export function removeKey(keys: string[], key: string): void {
  const at = findKey(keys, key);
  if (keys[at] === key) keys.splice(at, 1);
}

/** The keys with this prefix that come after `after`. */
export function keysWithPrefix(
  keys: readonly string[],
  prefix: string,
  after: string | undefined,
): readonly string[] {
  const beyond = after !== undefined && compareKeys(after, prefix) >= 0;
  let first = findKey(keys, beyond ? after : prefix);
  if (beyond && keys[first] === after) first++;
  let last = first;
  while (last < keys.length && keys[last]?.startsWith(prefix) === true) last++;
  return keys.slice(first, last);
}

/**
 * By UTF-8 bytes. UTF-16 puts a character beyond U+FFFF before U+E000 to U+FFFF, UTF-8 after them;
 * names of objects have neither, so the plain comparison decides nearly always.
 */
export function compareKeys(left: string, right: string): number {
  if (left === right) return 0;
  const length = Math.min(left.length, right.length);
  for (let at = 0; at < length; at++) {
    const a = left.charCodeAt(at);
    const b = right.charCodeAt(at);
    if (a === b) continue;
    return isSurrogate(a) === isSurrogate(b) ? a - b : isSurrogate(a) ? 1 : -1;
  }
  return left.length - right.length;
}

function isSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdfff;
}
