/** A WebSocket server's end of one connection (RFC 6455): text frames, pings and closes. */

import { createHash } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";

const MAGIC = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
const [TEXT, CLOSE, PING, PONG] = [0x1, 0x8, 0x9, 0xa];

export class Peer {
  onText: (text: string) => void = () => {};
  onClose: () => void = () => {};
  #socket: Duplex;
  #rest = Buffer.alloc(0);

  /** Accept the upgrade, with `protocol` if the client offered one. */
  constructor(request: IncomingMessage, socket: Duplex, protocol?: string) {
    const key = String(request.headers["sec-websocket-key"]) + MAGIC;
    const head = [
      "HTTP/1.1 101 Switching Protocols",
      "Upgrade: websocket",
      "Connection: Upgrade",
      `Sec-WebSocket-Accept: ${createHash("sha1").update(key).digest("base64")}`,
      ...(protocol === undefined ? [] : [`Sec-WebSocket-Protocol: ${protocol}`]),
    ];
    socket.write(`${head.join("\r\n")}\r\n\r\n`);
    this.#socket = socket;
    socket.on("data", (data: Buffer) => this.#read(data));
    socket.on("close", () => this.onClose());
    socket.on("error", () => {});
  }

  send(text: string): void {
    this.#write(TEXT, Buffer.from(text));
  }

  close(code: number, reason = ""): void {
    const payload = Buffer.alloc(2 + Buffer.byteLength(reason));
    payload.writeUInt16BE(code);
    payload.write(reason, 2);
    this.#write(CLOSE, payload);
    this.#socket.end();
  }

  /** As when the network goes: not a word. */
  cut(): void {
    this.#socket.destroy();
  }

  #write(opcode: number, payload: Buffer): void {
    if (!this.#socket.writable) return;
    const { length } = payload;
    const head =
      length < 126
        ? Buffer.from([0x80 | opcode, length])
        : Buffer.from([0x80 | opcode, 127, 0, 0, 0, 0, 0, 0, 0, 0]);
    if (length >= 126) head.writeBigUInt64BE(BigInt(length), 2);
    this.#socket.write(Buffer.concat([head, payload]));
  }

  #read(data: Buffer): void {
    this.#rest = Buffer.concat([this.#rest, data]);
    for (;;) {
      const frame = cutFrame(this.#rest);
      if (!frame) return;
      this.#rest = this.#rest.subarray(frame.size);
      if (frame.opcode === TEXT) this.onText(frame.payload.toString());
      else if (frame.opcode === PING) this.#write(PONG, frame.payload);
      else if (frame.opcode === CLOSE) {
        this.#write(CLOSE, frame.payload);
        this.#socket.end();
      }
    }
  }
}

/** The first frame of a client's bytes, which are masked, if all of it is there. */
function cutFrame(data: Buffer): { opcode: number; payload: Buffer; size: number } | undefined {
  if (data.length < 2) return undefined;
  const short = data.readUInt8(1) & 0x7f;
  const start = short === 126 ? 4 : short === 127 ? 10 : 2;
  if (data.length < start) return undefined;
  const length =
    short === 126 ? data.readUInt16BE(2) : short === 127 ? Number(data.readBigUInt64BE(2)) : short;
  const size = start + 4 + length;
  if (data.length < size) return undefined;
  const mask = data.subarray(start, start + 4);
  const payload = Buffer.from(data.subarray(start + 4, size));
  for (let at = 0; at < payload.length; at += 1) {
    payload.writeUInt8(payload.readUInt8(at) ^ mask.readUInt8(at % 4), at);
  }
  return { opcode: data.readUInt8(0) & 0x0f, payload, size };
}
