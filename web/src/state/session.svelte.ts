/** Who is here: from the first request to a connection, and back on signing out. */

import { type ConnectionStatus, GroundwireError, type Principal } from "@groundwire/client";
import { place } from "./route.svelte.ts";
import { server } from "./server.ts";

export type Stage = "starting" | "unreachable" | "setup" | "signedOut" | "ready";

const RETRY_MS = 2_000;

class Session {
  stage = $state<Stage>("starting");
  principal = $state.raw<Principal | null>(null);
  connection = $state.raw<ConnectionStatus>(server.connection.status);

  constructor() {
    server.connection.subscribe((status) => {
      this.connection = status;
      // The cookie ran out while the page was open.
      if (status.state === "closed" && status.reason?.status === 401) this.#leave();
    });
  }

  /** Find out whether there is an owner and whether we are signed in. */
  async begin(): Promise<void> {
    try {
      const entrance = await server.rest.entrance();
      if (entrance.signedIn) this.#enter(await server.rest.me());
      else if (entrance.needed) this.stage = "setup";
      else this.#leave();
    } catch (error) {
      if (error instanceof GroundwireError && error.status === 401) this.#leave();
      else this.#tryLater();
    }
  }

  async setup(token: string, name: string, password: string): Promise<void> {
    await server.rest.setup(token, name, password);
    place.replace(null);
    this.#enter(await server.rest.me());
  }

  async signIn(name: string, password: string): Promise<void> {
    await server.rest.login(name, password);
    this.#enter(await server.rest.me());
  }

  async signOut(): Promise<void> {
    server.close();
    try {
      await server.rest.logout();
    } finally {
      this.#leave();
    }
  }

  #enter(principal: Principal): void {
    this.principal = principal;
    this.stage = "ready";
    if (place.route.setupToken !== null) place.replace(null);
    server.connect();
  }

  #leave(): void {
    this.principal = null;
    this.stage = "signedOut";
  }

  #tryLater(): void {
    this.stage = "unreachable";
    setTimeout(() => void this.begin(), RETRY_MS);
  }
}

export const session = new Session();
