import { recall, remember } from "./memory.ts";

export type Theme = "system" | "light" | "dark";

class Appearance {
  theme = $state<Theme>(initialTheme());

  choose(theme: Theme): void {
    this.theme = theme;
    remember("theme", theme);
  }
}

function initialTheme(): Theme {
  const known = recall("theme");
  return known === "light" || known === "dark" ? known : "system";
}

export const appearance = new Appearance();
