/** What the documents of the open workspace are sorted by. */

import type { CollectionInfo, DocumentInfo, Labels } from "@groundwire/client/knowledge";
import { desk } from "./desk.svelte.ts";
import { knowledge } from "./server.ts";

class Sorting {
  collections = $state.raw<readonly CollectionInfo[]>([]);
  readonly tags = $derived(
    [...new Set((desk.documents?.documents ?? []).flatMap((one) => one.tags))].sort(),
  );
  readonly types = $derived(
    [...new Set((desk.documents?.documents ?? []).map((one) => one.type))].filter(Boolean).sort(),
  );

  /** Read the collections, which other devices may have changed. */
  async load(): Promise<void> {
    const id = desk.workspace?.id;
    if (id === undefined) return;
    await desk.attempt(async () => {
      const collections = await knowledge.collections(id);
      if (desk.workspace?.id === id) this.collections = collections;
    });
  }

  nameOf(id: string): string {
    return this.collections.find((one) => one.id === id)?.name ?? id;
  }

  async sort(document: DocumentInfo, labels: Labels): Promise<void> {
    await desk.attempt(async () => {
      desk.put(await knowledge.sortDocument(document.id, labels));
      if (labels.collections) await this.load();
    });
  }

  async create(name: string): Promise<CollectionInfo | undefined> {
    const id = desk.workspace?.id;
    if (id === undefined) return undefined;
    let made: CollectionInfo | undefined;
    await desk.attempt(async () => {
      made = await knowledge.createCollection(id, name);
      this.collections = [...this.collections, made];
    });
    return made;
  }

  async remove(id: string): Promise<void> {
    await desk.attempt(() => knowledge.deleteCollection(id));
    await this.load();
  }
}

export const sorting = new Sorting();
