/** Where in its document a passage stands, as a reader says it. Pure. */

import type { Citation, Source } from "@groundwire/client";
import type { Texts } from "../i18n/en.ts";

/** `p. 3`, `slide 3`, `rows 2–14`, `1:02–1:10`; empty where only its headings tell. */
export function placeOf(source: Pick<Source, "page" | "place">, texts: Texts): string {
  const { page, place } = source;
  if (!place) return page ? texts.page(page) : "";
  const [first, last] =
    place.unit === "second"
      ? [clock(place.first), clock(place.last)]
      : [String(place.first), String(place.last)];
  const range = first === last ? first : `${first}–${last}`;
  switch (place.unit) {
    case "slide":
      return texts.slide(range);
    case "row":
      return texts.row(range);
    case "line":
      return texts.line(range);
    case "second":
      return range;
    default:
      place.unit satisfies never;
      return range;
  }
}

/** Where what an answer took of a source stands; where the source does, if that is not known. */
export function citedPlace(
  source: Pick<Source, "id" | "page" | "place">,
  citations: readonly Citation[],
  texts: Texts,
): string {
  const cited = citations.filter((citation) => citation.sourceId === source.id);
  const places = new Set(cited.map((citation) => placeOf(citation, texts)).filter(Boolean));
  return [...places].join(", ") || placeOf(source, texts);
}

/** The address of the page of the web that a source is from, if it is from one. */
export function webAddress(uri: string | null | undefined): string | null {
  return uri && /^https?:\/\//.test(uri) ? uri : null;
}

function clock(seconds: number): string {
  const two = (value: number): string => String(value).padStart(2, "0");
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  const rest = two(seconds % 60);
  return hours > 0 ? `${hours}:${two(minutes)}:${rest}` : `${minutes}:${rest}`;
}
