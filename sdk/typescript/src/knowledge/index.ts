export {
  type DocumentInfo,
  type DocumentStatus,
  documentInfo,
  foldDocuments,
  type Searchable,
} from "./documents.ts";
export type * from "./events.ts";
export { type FoundPassage, Knowledge, type Order, type Uploaded } from "./knowledge.ts";
export { LiveWorkspace, type WorkspaceView } from "./workspace.ts";
