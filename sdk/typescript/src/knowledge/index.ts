export { type Changeover, foldChangeover } from "./changeover.ts";
export { type Collection, type CollectionInfo, foldCollections } from "./collections.ts";
export {
  type DocumentInfo,
  type DocumentStatus,
  documentInfo,
  foldDocuments,
  type Searchable,
} from "./documents.ts";
export type * from "./events.ts";
export {
  type Counts,
  type FeedInfo,
  type FeedKind,
  type FeedOptions,
  type FeedReason,
  feedInfo,
  foldFeeds,
  type Refusal,
} from "./feeds.ts";
export {
  type FoundPassage,
  Knowledge,
  type Labels,
  type NewFeed,
  type Order,
  type Uploaded,
} from "./knowledge.ts";
export { LiveWorkspace, type WorkspaceView } from "./workspace.ts";
