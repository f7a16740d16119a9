/** What the documents of the open workspace are sorted by. */

import type { CollectionInfo, DocumentInfo, Labels } from "@groundwire/client/knowledge";
import { i18n } from "../i18n/index.svelte.ts";
import { desk } from "./desk.svelte.ts";
import { knowledge } from "./server.ts";

class Sorting {
  readonly #documents = $derived(desk.documents?.documents ?? []);
  readonly collections: readonly CollectionInfo[] = $derived(
    (desk.documents?.collections ?? []).map(({ id, name }) => ({
      id,
      name,
      documents: this.#documents.filter((one) => one.collections.includes(id)).length,
    })),
  );
  readonly tags = $derived([...new Set(this.#documents.flatMap((one) => one.tags))].sort());
  readonly types = $derived(
    [...new Set(this.#documents.map((one) => one.type))].filter(Boolean).sort(),
  );

  /** One that is not there was deleted, unless it is not known yet what there is. */
  nameOf(id: string): string {
    const name = this.collections.find((one) => one.id === id)?.name;
    return name ?? (desk.documents?.loaded ? i18n.texts.deletedCollection : "…");
  }

  async sort(document: DocumentInfo, labels: Labels): Promise<void> {
    await desk.attempt(() => knowledge.sortDocument(document.id, labels));
  }

  async create(name: string): Promise<CollectionInfo | undefined> {
    const id = desk.workspace?.id;
    if (id === undefined) return undefined;
    let made: CollectionInfo | undefined;
    await desk.attempt(async () => {
      made = await knowledge.createCollection(id, name);
    });
    return made;
  }

  async rename(id: string, name: string): Promise<void> {
    await desk.attempt(() => knowledge.changeCollection(id, { name }));
  }

  async remove(id: string): Promise<void> {
    await desk.attempt(() => knowledge.deleteCollection(id));
  }
}

export const sorting = new Sorting();
