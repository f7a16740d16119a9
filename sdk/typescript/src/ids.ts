/**
 * An id that no other device makes: it is no secret, so that the plain source of randomness that
 * every platform has will do.
 */
export function newId(): string {
  const parts = Array.from({ length: 4 }, () => Math.random().toString(36).slice(2, 10));
  return parts.join("").padEnd(32, "0");
}
