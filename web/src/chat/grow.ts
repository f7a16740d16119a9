/** Make a field as high as its text, up to `most` pixels; past that it scrolls. */
export function grow(area: HTMLTextAreaElement, most: number): void {
  area.style.height = "auto";
  area.style.height = `${Math.min(area.scrollHeight, most)}px`;
}
