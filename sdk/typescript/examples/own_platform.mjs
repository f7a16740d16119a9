/**
 * A client on a platform of its own, where the application brings the parts.
 *
 * React Native: `WebSocket` and `fetch` are the global ones, `getToken` reads the keychain, and
 * `onWake` is `(wake) => { const watch = AppState.addEventListener("change", (state) => state ===
 * "active" && wake()); return () => watch.remove(); }`.
 *
 * Electron's main process: `WebSocket` is that of the package `ws`, `fetch` is `net.fetch`, which
 * knows the system's proxy, and `onWake` listens to `powerMonitor`.
 */

import { Groundwire } from "@groundwire/client";

export function createClient({ baseUrl, getToken, WebSocket, fetch, onWake }) {
  return new Groundwire({
    baseUrl,
    // Asked for the first token, and for a fresh one before that expires.
    token: getToken,
    // These sockets can send `Authorization`, so that nothing has to stand in an address.
    identify: "header",
    openSocket: (url, protocols, headers) => new WebSocket(url, protocols, { headers }),
    fetch,
    wakes: onWake,
    // React Native's `fetch` cannot read a stream while it comes.
    transports: ["websocket", "poll"],
  });
}
