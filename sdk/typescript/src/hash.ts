/**
 * Whether `content` is the text whose SHA-256 (of its UTF-8, lower-case hex) the server sent.
 *
 * `undefined` where it cannot be told: browsers give no `crypto.subtle` to pages over plain
 * HTTP from another machine.
 */
export async function verify(content: string, contentHash: string): Promise<boolean | undefined> {
  const subtle = globalThis.crypto?.subtle;
  if (!subtle) return undefined;
  const digest = await subtle.digest("SHA-256", new TextEncoder().encode(content));
  const hex = Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0"));
  return hex.join("") === contentHash;
}
