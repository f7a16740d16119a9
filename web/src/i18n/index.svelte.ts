/** The page's words, in the reader's language: chosen, else the browser's. */

import { recall, remember } from "../state/memory.ts";
import { en, type Texts } from "./en.ts";
import { zh } from "./zh.ts";

export type Language = "en" | "zh";

class I18n {
  language = $state<Language>(initialLanguage());

  get texts(): Texts {
    return this.language === "zh" ? zh : en;
  }

  /** The tag for `lang`, dates and numbers. */
  get tag(): string {
    return this.language === "zh" ? "zh-CN" : "en";
  }

  choose(language: Language): void {
    this.language = language;
    remember("language", language);
  }
}

function initialLanguage(): Language {
  const known = recall("language");
  if (known === "en" || known === "zh") return known;
  return navigator.language.toLowerCase().startsWith("zh") ? "zh" : "en";
}

export const i18n = new I18n();
