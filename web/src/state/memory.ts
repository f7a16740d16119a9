/** What this browser remembers between visits. Storage may be forbidden or full: then nothing. */

type Key = "signedIn" | "language" | "theme" | "workspace" | `draft/${string}` | `model/${string}`;

export function recall(key: Key): string | null {
  try {
    return localStorage.getItem(`groundwire/${key}`);
  } catch {
    return null;
  }
}

/** Whether anything can be remembered at all. */
export function canRemember(): boolean {
  try {
    localStorage.setItem("groundwire/probe", "1");
    localStorage.removeItem("groundwire/probe");
    return true;
  } catch {
    return false;
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
