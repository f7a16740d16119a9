/**
 * Milliseconds to wait before attempt `attempt` (from 0): a random part of a growing span.
 *
 * Full jitter spreads the clients of a server that comes back over the whole span, where a
 * fixed delay would bring them all in one moment. Source: Brooker, "Exponential backoff and
 * jitter", 2015. The first attempt waits for at most 250 ms, any for at most `ceilingMs`.
 */
export function backoffMs(attempt: number, ceilingMs = 15_000, random = Math.random): number {
  return Math.round(random() * Math.min(ceilingMs, 250 * 2 ** Math.min(attempt, 16)));
}
