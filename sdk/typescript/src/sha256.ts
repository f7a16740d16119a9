/**
 * SHA-256 (FIPS 180-4), our own: browsers give WebCrypto only to pages over HTTPS or from the
 * same machine, and React Native gives none, yet an answer can be proved there, too.
 */

/** Whether `content` is the text whose SHA-256 (of its UTF-8, lower-case hex) the server sent. */
export function verify(content: string, contentHash: string): boolean {
  return sha256(content) === contentHash;
}

export function sha256(text: string): string {
  const bytes = utf8(text);
  const bits = bytes.length * 8;
  bytes.push(0x80);
  while (bytes.length % 64 !== 56) bytes.push(0);
  for (let shift = 56; shift >= 0; shift -= 8) bytes.push(Math.floor(bits / 2 ** shift) & 0xff);
  const state = Int32Array.from(START);
  const schedule = new Int32Array(64);
  for (let at = 0; at < bytes.length; at += 64) mix(state, bytes, at, schedule);
  return Array.from(state, (part) => (part >>> 0).toString(16).padStart(8, "0")).join("");
}

/** The text's bytes; a lone half of a pair is U+FFFD, as every encoder has it. */
export function utf8(text: string): number[] {
  const whole = text.replace(/[\ud800-\udfff]/gu, "\ufffd");
  // An escaped byte or a character that is one.
  const parts = encodeURIComponent(whole).match(/%..|./g) ?? [];
  return parts.map((part) => (part[1] ? Number.parseInt(part.slice(1), 16) : part.charCodeAt(0)));
}

/** One round for each block of 64 bytes (section 6.2.2, whose letters these are). */
function mix(state: Int32Array, bytes: readonly number[], at: number, w: Int32Array): void {
  for (let t = 0; t < 64; t += 1) {
    if (t < 16) {
      for (let i = 0; i < 4; i += 1) w[t] = (word(w, t) << 8) | word(bytes, at + 4 * t + i);
      continue;
    }
    const [x, y] = [word(w, t - 15), word(w, t - 2)];
    const small0 = turn(x, 7) ^ turn(x, 18) ^ (x >>> 3);
    const small1 = turn(y, 17) ^ turn(y, 19) ^ (y >>> 10);
    w[t] = word(w, t - 16) + small0 + word(w, t - 7) + small1;
  }
  let [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0] = state;
  for (let t = 0; t < 64; t += 1) {
    const big1 = turn(e, 6) ^ turn(e, 11) ^ turn(e, 25);
    const t1 = (h + big1 + ((e & f) ^ (~e & g)) + word(ROUNDS, t) + word(w, t)) | 0;
    const big0 = turn(a, 2) ^ turn(a, 13) ^ turn(a, 22);
    const t2 = (big0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    h = g;
    g = f;
    f = e;
    e = (d + t1) | 0;
    d = c;
    c = b;
    b = a;
    a = (t1 + t2) | 0;
  }
  const mixed = [a, b, c, d, e, f, g, h];
  for (let i = 0; i < 8; i += 1) state[i] = word(state, i) + word(mixed, i);
}

function word(words: ArrayLike<number>, at: number): number {
  return words[at] ?? 0;
}

function turn(value: number, by: number): number {
  return (value >>> by) | (value << (32 - by));
}

/** The first bits of the fractional part of a root of each of the first primes (section 4.2.2). */
function roots(count: number, power: number): number[] {
  const primes: number[] = [];
  for (let n = 2; primes.length < count; n += 1) {
    if (primes.every((prime) => n % prime !== 0)) primes.push(n);
  }
  return primes.map((prime) => Math.floor((prime ** power % 1) * 2 ** 32) | 0);
}

const START = roots(8, 1 / 2);
const ROUNDS = Int32Array.from(roots(64, 1 / 3));
