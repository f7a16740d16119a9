/** Where the reader is, in the address's fragment: `#/w/WORKSPACE/c/CONVERSATION`. */

export interface Route {
  readonly setupToken: string | null;
  readonly workspaceId: string | null;
  readonly conversationId: string | null;
}

class Location {
  #route = $state.raw<Route>(parseRoute(location.hash));

  constructor() {
    addEventListener("hashchange", () => {
      this.#route = parseRoute(location.hash);
    });
  }

  get route(): Route {
    return this.#route;
  }

  go(workspaceId: string | null, conversationId: string | null = null): void {
    location.hash = hrefTo(workspaceId, conversationId).slice(1);
    this.#route = parseRoute(location.hash);
  }

  /** As `go`, without a step in the history. */
  replace(workspaceId: string | null, conversationId: string | null = null): void {
    history.replaceState(null, "", hrefTo(workspaceId, conversationId));
    this.#route = parseRoute(location.hash);
  }
}

export function hrefTo(workspaceId: string | null, conversationId: string | null = null): string {
  if (workspaceId === null) return "#/";
  const at = `#/w/${encodeURIComponent(workspaceId)}`;
  return conversationId === null ? at : `${at}/c/${encodeURIComponent(conversationId)}`;
}

export function parseRoute(hash: string): Route {
  const [path = "", query = ""] = hash.replace(/^#\/?/, "").split("?");
  const parts = path.split("/").map(decodeURIComponent);
  const setup = parts[0] === "setup";
  return {
    setupToken: setup ? (new URLSearchParams(query).get("token") ?? "") : null,
    workspaceId: parts[0] === "w" ? (parts[1] ?? null) : null,
    conversationId: parts[2] === "c" ? (parts[3] ?? null) : null,
  };
}

export const place = new Location();
