/**
 * A server on loopback that speaks the protocol's bytes (WebSocket, SSE, long-poll, commands),
 * whose connections can be cut anywhere and whose ways can be barred.
 */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import type { Frame, Transport } from "../src/index.ts";
import { Commands, Refused } from "./commands.ts";
import type { Log } from "./log.ts";
import { Peer } from "./websocket.ts";

/** Something that frames go to and that can be cut. */
interface Line {
  send(frame: object): void;
  cut(): void;
}

export class TestServer {
  /** Where it is. */
  url = "";
  readonly commands = new Commands();
  /** The ways that were opened, in their order; tickets and other requests are not told. */
  readonly opened: Transport[] = [];
  /** Ways on which nothing gets through. */
  readonly barred = new Set<Transport>();
  /** Streams are kept back until all of them is there, as some proxies do. */
  keepsBack = false;
  /** Tokens that are good; with none every client is. */
  tokens: string[] = [];
  /** The devices whose sockets were opened, in their order. */
  readonly devices: string[] = [];
  /** How clients said who they are, in their order. */
  readonly identified: string[] = [];
  /** Cut the connection after so many more events; endless when `undefined`. */
  cutAfter: number | undefined;
  /** The close code, and the error before it, that the next sockets get instead of a welcome. */
  greeting: { code: number; error?: object } | undefined;
  limits: object = {};
  /** The feeds of every workspace. */
  readonly feeds: object[] = [];
  /** The embedder that is to take over in every workspace. */
  coming: object | null = null;
  #server: Server;
  #lines = new Set<Line>();
  #peers = new Set<Peer>();
  #tickets = new Set<string>();

  constructor() {
    this.#server = createServer((request, response) => void this.#onRequest(request, response));
    this.#server.on("upgrade", (request, socket) => this.#onUpgrade(request, socket));
  }

  /** A server that listens, and ends with the test. */
  static async for(test: { after(fn: () => void): void }): Promise<TestServer> {
    const server = new TestServer();
    await new Promise<void>((resolve) => server.#server.listen(0, "127.0.0.1", resolve));
    server.url = `http://127.0.0.1:${(server.#server.address() as AddressInfo).port}`;
    test.after(() => server.stop());
    return server;
  }

  stop(): void {
    this.cut();
    this.#server.closeAllConnections();
    this.#server.close();
  }

  log(id = "c1"): Log {
    return this.commands.log(id);
  }

  /** As when the network goes. */
  cut(): void {
    for (const line of [...this.#lines]) line.cut();
    for (const peer of [...this.#peers]) peer.cut();
  }

  /** Say a frame that is in no log to whoever is there. */
  say(frame: object): void {
    for (const line of this.#lines) line.send(frame);
  }

  close(code: number): void {
    for (const peer of [...this.#peers]) peer.close(code);
  }

  /** Tell the heartbeat: where each log ends. */
  ping(): void {
    this.say({ type: "ping", head: { c1: this.log().head } });
  }

  // The WebSocket.

  #onUpgrade(request: IncomingMessage, socket: Duplex): void {
    const url = new URL(request.url ?? "/", this.url);
    const offered = String(request.headers["sec-websocket-protocol"] ?? "").split(", ");
    if (this.barred.has("websocket")) {
      socket.destroy();
      return;
    }
    const peer = new Peer(
      request,
      socket,
      offered.find((name) => name === "groundwire.v1"),
    );
    this.opened.push("websocket");
    this.devices.push(url.searchParams.get("deviceId") ?? "");
    this.#peers.add(peer);
    const following = new Map<string, () => void>();
    peer.onClose = () => {
      this.#peers.delete(peer);
      for (const end of following.values()) end();
    };
    const send = (frame: object): void => peer.send(JSON.stringify(frame));
    const identity = this.#identify(request, url, offered);
    const greet = (): void => {
      if (this.greeting) {
        if (this.greeting.error) send({ type: "error", ...this.greeting.error });
        peer.close(this.greeting.code);
      } else
        send({ type: "welcome", connectionId: "n1", heartbeatMs: 30_000, limits: this.limits });
    };
    peer.onText = (text) => {
      const frame = JSON.parse(text) as Frame;
      if (frame.type === "auth") {
        const isKnown = this.#take(`frame ${String(frame["token"])}`, String(frame["token"]));
        if (!isKnown) return this.#refuse(peer, frame);
        if (identity === undefined) greet();
        send({ type: "ack", ref: frame["id"] });
      } else this.#onFrame(frame, { send, cut: () => peer.cut() }, following);
    };
    if (identity === false) this.#refuse(peer);
    else if (identity) greet();
  }

  #refuse(peer: Peer, frame?: Frame): void {
    const message = "This token is not valid.";
    const ref = frame?.["id"];
    peer.send(JSON.stringify({ type: "error", code: "unauthorized", message, ref }));
    peer.close(4401);
  }

  #onFrame(frame: Frame, line: Line, following: Map<string, () => void>): void {
    const log = this.commands.log(String(frame.sessionId ?? frame.workspaceId), frame);
    if (frame.type === "attach") {
      try {
        this.commands.check(log);
      } catch (error) {
        line.send({ type: "error", ref: frame["id"], ...(error as Refused).problem });
        return;
      }
      following.get(log.id)?.();
      following.set(log.id, this.#follow(log, (frame["cursor"] as string) ?? null, line));
    } else if (frame.type === "detach") {
      following.get(log.id)?.();
      following.delete(log.id);
      line.send({ type: "ack", ref: frame["id"] });
    } else if (frame.type === "ping") {
      line.send({ type: "pong", head: { c1: this.log().head } });
    } else this.#command(frame, line);
  }

  #command(frame: Frame, line: Line): void {
    try {
      const answer = this.commands.run(frame);
      if (this.commands.losesAnswers) line.cut();
      else line.send({ ...answer, ref: frame["id"] });
    } catch (error) {
      line.send({ type: "error", ref: frame["id"], ...(error as Refused).problem });
    }
  }

  /** Send a log: `ready`, the snapshot if need be, and events until the returned function is called. */
  #follow(log: Log, cursor: string | null, line: Line): () => void {
    const place = log.serve(cursor);
    const isServed = "after" in place;
    let after = isServed ? place.after : log.head;
    line.send(log.ready(isServed, isServed ? null : place.reason));
    const snapshot = isServed ? undefined : log.snapshot();
    if (snapshot) line.send(snapshot);
    this.#lines.add(line);
    let ended = false;
    const send = (): void => {
      for (; !ended && after < log.head; after += 1) {
        if (!this.#mayPass()) return line.cut();
        line.send(log.events[after] ?? {});
      }
    };
    const stop = log.watch(send);
    send();
    return () => {
      ended = true;
      stop();
      this.#lines.delete(line);
    };
  }

  #mayPass(): boolean {
    if (this.cutAfter === 0) {
      this.cutAfter = undefined;
      return false;
    }
    if (this.cutAfter !== undefined) this.cutAfter -= 1;
    return true;
  }

  // HTTP.

  async #onRequest(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? "/", this.url);
    const path = url.pathname.replace("/api/v1", "");
    let body = "";
    for await (const chunk of request) body += chunk;
    if (this.#identify(request, url, []) !== true) {
      return problem(response, new Refused(401, "unauthorized", "This token is not valid."));
    }
    const [, kind = "", id = "", what = ""] = path.split("/").map(decodeURIComponent);
    const isLog = kind === "conversations" || kind === "workspaces";
    try {
      if (path === "/tickets") json(response, { ticket: this.#newTicket() });
      else if (path === "/me") json(response, { principal: { id: "p1", name: "Owner" } });
      else if (isLog) this.#onLog(this.#log(kind, id), what, url, body, request, response);
      else problem(response, new Refused(404, "not_found", "There is no such thing."));
    } catch (error) {
      problem(response, error as Refused);
    }
  }

  #log(kind: string, id: string): Log {
    return this.commands.log(id, kind === "workspaces" ? { workspaceId: id } : {});
  }

  #onLog(
    log: Log,
    what: string,
    url: URL,
    body: string,
    request: IncomingMessage,
    response: ServerResponse,
  ): void {
    this.commands.check(log);
    // To read begins nothing.
    const isRead = what === "events" || what === "poll";
    if (isRead && log.isUnbegun) throw new Refused(404, "not_found", "There is no such thing.");
    const query = url.searchParams;
    if (what === "events") this.#stream(log, query.get("cursor"), request, response);
    else if (what === "poll") this.#poll(log, query, response);
    else if (what === "messages")
      json(response, log.page(query.get("before") ?? "", Number(query.get("limit"))));
    else if (what === "documents") json(response, { documents: [] });
    else if (what === "feeds") json(response, { feeds: this.feeds });
    else if (what === "collections") json(response, { collections: [] });
    else if (what === "embedder") json(response, { embedder: "one", coming: this.coming });
    else if (what === "commands") {
      const frame = JSON.parse(body) as Frame;
      const answer = this.commands.run({ sessionId: log.id, ...frame });
      if (this.commands.losesAnswers) request.socket.destroy();
      else json(response, { ...answer, ref: frame["id"] });
    }
  }

  #stream(
    log: Log,
    cursor: string | null,
    request: IncomingMessage,
    response: ServerResponse,
  ): void {
    if (this.barred.has("sse")) {
      response.writeHead(502, { "content-type": "text/html" }).end("<h1>Bad gateway</h1>");
      return;
    }
    if (this.keepsBack) {
      response.writeHead(200, { "content-type": "text/event-stream" }).flushHeaders();
      return;
    }
    this.opened.push("sse");
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.write("retry: 2000\n\n");
    const send = (frame: object): void => {
      const { type, seq } = frame as Frame;
      const at = seq ?? (type === "ready" ? log.head : undefined);
      const id = at === undefined ? "" : `id: ${log.epoch}:${at}\n`;
      response.write(`event: ${type}\n${id}data: ${JSON.stringify(frame)}\n\n`);
    };
    const end = this.#follow(log, cursor, { send, cut: () => request.socket.destroy() });
    response.on("close", end);
  }

  #poll(log: Log, query: URLSearchParams, response: ServerResponse): void {
    if (this.barred.has("poll")) {
      response.destroy();
      return;
    }
    if (this.opened.at(-1) !== "poll") this.opened.push("poll");
    const cursor = query.get("cursor");
    const place = log.serve(cursor);
    const { head } = log;
    if ("reason" in place) {
      if (cursor !== null) {
        throw new Refused(410, "unrecoverable_cursor", "Load the snapshot.", {
          reason: place.reason,
        });
      }
      const at = `${log.epoch}:${head}`;
      const snapshot = log.snapshot();
      json(response, {
        events: [],
        cursor: at,
        head,
        hasMore: false,
        ...(snapshot && { snapshot }),
      });
      return;
    }
    const answer = (): void => {
      stop();
      clearTimeout(timer);
      if (response.destroyed) return;
      if (!this.#mayPass()) {
        response.socket?.destroy();
        return;
      }
      const limit = Number(query.get("limit") ?? 2);
      const events = log.events.slice(place.after, place.after + limit);
      const last = place.after + events.length;
      const more = { head: log.head, hasMore: last < log.head };
      json(response, { events, cursor: `${log.epoch}:${last}`, ...more });
    };
    const timer = setTimeout(() => answer(), Number(query.get("wait")) * 1000);
    const line: Line = { send: () => {}, cut: () => response.socket?.destroy() };
    this.#lines.add(line);
    const stop = log.watch(() => answer());
    response.on("close", () => {
      stop();
      clearTimeout(timer);
      this.#lines.delete(line);
    });
    if (log.head > place.after) answer();
  }

  // Who asks.

  #newTicket(): string {
    const ticket = `ticket-${this.identified.length}-${this.#tickets.size}`;
    this.#tickets.add(ticket);
    return ticket;
  }

  /** `undefined` if nothing was said, `false` if it is not good. */
  #identify(request: IncomingMessage, url: URL, offered: readonly string[]): boolean | undefined {
    const ticket = url.searchParams.get("ticket");
    if (ticket !== null) {
      this.identified.push("ticket");
      return this.#tickets.delete(ticket);
    }
    const header = request.headers.authorization?.replace("Bearer ", "");
    if (header !== undefined) return this.#take(`header ${header}`, header);
    const query = url.searchParams.get("token");
    if (query !== null) return this.#take(`query ${query}`, query);
    const bearer = offered.find((name) => name.startsWith("bearer."))?.slice("bearer.".length);
    if (bearer !== undefined) {
      const token = Buffer.from(bearer, "base64url").toString();
      return this.#take(`protocol ${token}`, token);
    }
    return this.tokens.length === 0 ? true : undefined;
  }

  #take(how: string, token: string): boolean {
    this.identified.push(how);
    return this.tokens.length === 0 || this.tokens.includes(token);
  }
}

function json(response: ServerResponse, body: object): void {
  response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(body));
}

function problem(response: ServerResponse, refused: Refused): void {
  const body = { title: refused.message, status: refused.status, ...refused.problem };
  response
    .writeHead(refused.status, { "content-type": "application/problem+json" })
    .end(JSON.stringify(body));
}
