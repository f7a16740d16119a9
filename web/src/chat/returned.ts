/** Why a correction was given back, in a line. Pure. */

import type { Texts } from "../i18n/en.ts";

export function whyReturned(reason: string | null, texts: Texts): string {
  switch (reason) {
    case "cancelled":
      return texts.notAppliedStopped;
    case "error":
      return texts.notAppliedFailed;
    case "interrupted":
      return texts.notAppliedInterrupted;
    default:
      return texts.notApplied;
  }
}
