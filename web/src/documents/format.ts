/** Bytes as a reader says them: `1.4 MB`. */
export function formatSize(bytes: number, tag: string): string {
  const units = ["byte", "kilobyte", "megabyte", "gigabyte"] as const;
  let value = bytes;
  let at = 0;
  while (value >= 1000 && at < units.length - 1) {
    value /= 1000;
    at += 1;
  }
  return new Intl.NumberFormat(tag, {
    style: "unit",
    unit: units[at] ?? "byte",
    unitDisplay: at === 0 ? "long" : "short",
    maximumFractionDigits: value < 10 && at > 0 ? 1 : 0,
  }).format(value);
}

/** What kind of file it is, in at most four letters. */
export function formatKind(title: string): string {
  const ending = /\.([a-z0-9]{1,5})$/i.exec(title)?.[1] ?? "";
  return ending.slice(0, 4).toUpperCase();
}
