/** Days of the reader as instants, and back. Pure. */

/** When the day `later` days after `day` (`YYYY-MM-DD`) begins where the reader is, in UTC. */
export function startOf(day: string, later: number): string {
  const [year = 0, month = 1, date = 1] = day.split("-").map(Number);
  return new Date(year, month - 1, date + later).toISOString();
}

/** The day that `time` is on where the reader is, `later` days on. */
export function dayOf(time: string, later: number): string {
  const at = new Date(time);
  const there = new Date(at.getFullYear(), at.getMonth(), at.getDate() + later, 12);
  return `${there.getFullYear()}-${two(there.getMonth() + 1)}-${two(there.getDate())}`;
}

function two(n: number): string {
  return String(n).padStart(2, "0");
}
