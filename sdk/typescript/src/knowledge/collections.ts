/** What the events of a workspace's log do to its list of collections. Pure. */

import type { CollectionChanged } from "./events.ts";

/** A named group of documents. */
export interface Collection {
  readonly id: string;
  readonly name: string;
}

/** As the server lists it: with how many `documents` it had then. */
export interface CollectionInfo extends Collection {
  readonly documents: number;
}

export function foldCollections(
  collections: readonly Collection[],
  { collectionId: id, name, change }: CollectionChanged,
): readonly Collection[] {
  if (change === "removed") return collections.filter((one) => one.id !== id);
  return collections.some((one) => one.id === id)
    ? collections.map((one) => (one.id === id ? { id, name } : one))
    : [...collections, { id, name }];
}
