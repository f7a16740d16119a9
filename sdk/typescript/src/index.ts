export { backoffMs } from "./backoff.ts";
export { type Choices, pathThrough, type Step } from "./branches.ts";
export { Groundwire, type GroundwireOptions } from "./client.ts";
export {
  type Attachment,
  Connection,
  type ConnectionOptions,
  type ConnectionState,
  type ConnectionStatus,
  type Socket,
} from "./connection.ts";
export {
  type AskOptions,
  type ConversationView,
  LiveConversation,
  type Pending,
} from "./conversation.ts";
export {
  type DocumentInfo,
  type DocumentStatus,
  documentInfo,
  foldDocuments,
  type Searchable,
} from "./documents.ts";
export { GroundwireError, Unreachable } from "./errors.ts";
export { fold } from "./fold.ts";
export { verify } from "./hash.ts";
export * from "./rest.ts";
export {
  type Conversation,
  emptyConversation,
  fromSnapshot,
  type Message,
  openApprovals,
  type Place,
  parseCursor,
  placeOf,
  type Steering,
  type ToolUse,
  type Turn,
  withOlder,
} from "./state.ts";
export type * from "./wire.ts";
export { LiveWorkspace, type WorkspaceView } from "./workspace.ts";
