/** How a tool's call is told in a line. Pure. */

import type { ToolUse } from "@groundwire/client";
import type { Texts } from "../i18n/en.ts";

/** What has become of the call; `running` says that its answer is still being written. */
export function toolState(tool: ToolUse, running: boolean, texts: Texts): string {
  switch (tool.status) {
    case "done":
      return texts.toolDone;
    case "failed":
      return texts.toolFailed;
    case "denied":
      if (tool.code === "approval_expired") return texts.toolExpired;
      return tool.code === "conflict" ? texts.toolUndecided : texts.toolDenied;
    default:
      if (!running) return texts.toolUnfinished;
      return tool.status === "approved" ? texts.toolApproved : texts.toolCalled;
  }
}

/** What the tool is given, as pairs of a name and a short text. */
export function toolInput(tool: ToolUse): [name: string, value: string][] {
  return Object.entries(tool.input).map(([name, value]) => [
    name,
    typeof value === "string" ? value : JSON.stringify(value),
  ]);
}
