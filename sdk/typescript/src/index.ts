export { Answer, type Piece } from "./answer.ts";
export { type Choices, pathThrough, type Step } from "./branches.ts";
export type { Attachment, Transport } from "./channel.ts";
export { Groundwire, type GroundwireOptions } from "./client.ts";
export { Connection } from "./connection.ts";
export {
  type AskOptions,
  type ConversationView,
  type EditOptions,
  LiveConversation,
  type RegenerateOptions,
  type SteerOptions,
} from "./conversation.ts";
export type { Device } from "./devices.ts";
export { Closed, type ErrorCode, GroundwireError, SteerFailed, Unreachable } from "./errors.ts";
export { fold } from "./fold.ts";
export type { Http, HttpOptions } from "./http.ts";
export type { Pending } from "./pending.ts";
export * from "./rest.ts";
export { sha256, verify } from "./sha256.ts";
export type { Identification, OpenSocket, Socket } from "./socket.ts";
export {
  type Conversation,
  emptyConversation,
  fromSnapshot,
  type Message,
  openApprovals,
  type Steering,
  type ToolUse,
  type Turn,
  withOlder,
} from "./state.ts";
export type { ConnectionState, ConnectionStatus } from "./status.ts";
export type * from "./wire.ts";
