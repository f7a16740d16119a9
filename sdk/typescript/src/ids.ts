/**
 * An id that no other device makes. It is no secret, so that a platform without a good source of
 * randomness will do: browsers give `crypto.randomUUID` only to pages over HTTPS or from the same
 * machine, and React Native gives none.
 */
export function newId(): string {
  const bytes = new Uint8Array(16);
  if (globalThis.crypto?.getRandomValues) globalThis.crypto.getRandomValues(bytes);
  else for (let at = 0; at < 16; at += 1) bytes[at] = Math.random() * 256;
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
