/** A workspace's documents, its collections and its feeds, kept current by the workspace's own log. */

import type { Connection } from "../connection.ts";
import { GroundwireError } from "../errors.ts";
import { Live } from "../live.ts";
import type { Frame, Ready } from "../wire.ts";
import { type Changeover, foldChangeover } from "./changeover.ts";
import { type Collection, foldCollections } from "./collections.ts";
import { type DocumentInfo, foldDocuments } from "./documents.ts";
import type {
  CollectionChanged,
  EmbedderChanged,
  EmbedderChanging,
  FeedChanged,
} from "./events.ts";
import { type FeedInfo, foldFeeds } from "./feeds.ts";

export interface WorkspaceView {
  readonly documents: readonly DocumentInfo[];
  /** The oldest first. */
  readonly collections: readonly Collection[];
  /** `null` until `followFeeds` was called and they are there. */
  readonly feeds: readonly FeedInfo[] | null;
  /** The embedder that is to take over, if one is. */
  readonly changeover: Changeover | null;
  readonly loaded: boolean;
  readonly refusal: GroundwireError | null;
}

/** What reads the lists as they are now. */
export interface Lists {
  readonly documents: () => Promise<readonly DocumentInfo[]>;
  readonly collections: () => Promise<readonly Collection[]>;
  readonly feeds: () => Promise<readonly FeedInfo[]>;
  readonly changeover: () => Promise<Changeover | null>;
}

type State = Pick<WorkspaceView, "documents" | "collections" | "changeover">;

function fold(state: State, event: Frame): State {
  if (event.type === "embedder.changing" || event.type === "embedder.changed") {
    const changeover = foldChangeover(event as unknown as EmbedderChanging | EmbedderChanged);
    return { ...state, changeover };
  }
  const documents = foldDocuments(state.documents, event);
  if (event.type !== "collection.changed") return { ...state, documents };
  const changed = event as unknown as CollectionChanged;
  return { ...state, documents, collections: foldCollections(state.collections, changed) };
}

export class LiveWorkspace extends Live<WorkspaceView> {
  #lists: Lists;
  /** Events that came while the list was read; `null` if it is not being read. */
  #waiting: Frame[] | null = null;
  /** The same of feeds; `null` until they are followed, or while they are not being read. */
  #feedsWaiting: FeedChanged[] | null = null;
  #followsFeeds = false;

  constructor(connection: Connection, id: string, lists: Lists) {
    super(connection, "workspaceId", id, {
      documents: [],
      collections: [],
      feeds: null,
      changeover: null,
      loaded: false,
      refusal: null,
    });
    this.#lists = lists;
  }

  /** Follow its feeds as well, which is for those who may write; once more, it reads them again. */
  async followFeeds(): Promise<void> {
    this.#followsFeeds = true;
    const waiting: FeedChanged[] = [];
    this.#feedsWaiting = waiting;
    try {
      const feeds = await this.#lists.feeds();
      if (this.#feedsWaiting === waiting) this.change({ feeds });
    } finally {
      if (this.#feedsWaiting === waiting) {
        this.#feedsWaiting = null;
        for (const event of waiting) this.#onFeed(event);
      }
    }
  }

  override refuse(error: GroundwireError): void {
    this.change({ refusal: error });
  }

  protected override onReady(ready: Ready): void {
    this.epoch = ready.epoch;
    if (ready.resumed) return;
    // The lists are read after this position is known, so that they hold at least all of it;
    // what the log then repeats sets the same fields once more.
    this.seq = ready.head;
    void this.#load();
    if (this.#followsFeeds) this.#reloadFeeds();
  }

  protected override onEvent(event: Frame): void {
    if (event.type === "feed.changed") this.#onFeed(event as unknown as FeedChanged);
    else if (this.#waiting) this.#waiting.push(event);
    else this.change(fold(this.view, event));
  }

  #onFeed(event: FeedChanged): void {
    const { feeds } = this.view;
    if (this.#feedsWaiting) this.#feedsWaiting.push(event);
    else if (feeds) {
      const after = foldFeeds(feeds, event);
      if (after) this.change({ feeds: after });
      else this.#reloadFeeds();
    }
  }

  #reloadFeeds(): void {
    this.followFeeds().catch((error: unknown) => {
      if (error instanceof GroundwireError) this.change({ refusal: error });
    });
  }

  async #load(): Promise<void> {
    const waiting: Frame[] = [];
    this.#waiting = waiting;
    try {
      const [documents, collections, changeover] = await Promise.all([
        this.#lists.documents(),
        this.#lists.collections(),
        this.#lists.changeover(),
      ]);
      if (this.#waiting !== waiting) return;
      this.#waiting = null;
      const current = waiting.reduce(fold, { documents, collections, changeover });
      this.change({ ...current, loaded: true, refusal: null });
    } catch (error) {
      if (this.#waiting !== waiting) return;
      this.#waiting = null;
      // The next time it begins with the list again.
      this.epoch = undefined;
      if (error instanceof GroundwireError) this.change({ refusal: error });
    }
  }
}
