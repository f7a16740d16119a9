/** What this browser remembers between visits. Storage may be forbidden or full: then nothing. */

type Key =
  | "language"
  | "theme"
  | "workspace"
  | `draft/${string}`
  | `model/${string}`
  | `filter/${string}`;

export function recall(key: Key): string | null {
  try {
    return localStorage.getItem(`groundwire/${key}`);
  } catch {
    return null;
  }
}

export function remember(key: Key, value: string | null): void {
  try {
    if (value === null || value === "") localStorage.removeItem(`groundwire/${key}`);
    else localStorage.setItem(`groundwire/${key}`, value);
  } catch {
    // A page in private mode works without a memory.
  }
}
