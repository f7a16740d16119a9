import { tick } from "svelte";

/** Keep the end of a growing text in sight, unless the reader scrolled away from it. */

/** Nearer than this to the end counts as at the end; a line is about 27 pixels. */
const NEAR_PX = 48;

export interface FollowEnd {
  /** Whether the reader is elsewhere. */
  readonly away: boolean;
  attach(element: HTMLElement): () => void;
  contentChanged(): void;
  jump(): void;
  /** Do what puts something above what is in sight, which stays in its place. */
  keepPlace(action: () => Promise<void> | undefined): Promise<void>;
}

export function followEnd(): FollowEnd {
  let element: HTMLElement | undefined;
  let away = $state(false);

  function toEnd(): void {
    if (element) element.scrollTop = element.scrollHeight;
  }

  return {
    get away() {
      return away;
    },
    attach(scroller) {
      element = scroller;
      const onscroll = (): void => {
        away = scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight > NEAR_PX;
      };
      scroller.addEventListener("scroll", onscroll, { passive: true });
      // Code that gets its colours and a phone's keyboard change heights as well.
      const resized = new ResizeObserver(() => {
        if (!away) toEnd();
      });
      resized.observe(scroller);
      if (scroller.firstElementChild) resized.observe(scroller.firstElementChild);
      return () => {
        scroller.removeEventListener("scroll", onscroll);
        resized.disconnect();
        element = undefined;
      };
    },
    contentChanged() {
      if (!away) toEnd();
    },
    jump() {
      away = false;
      toEnd();
    },
    async keepPlace(action) {
      await action();
      if (!element) return;
      const fromEnd = element.scrollHeight - element.scrollTop;
      // The view is drawn with the next frame.
      await new Promise(requestAnimationFrame);
      await tick();
      if (away) element.scrollTop = element.scrollHeight - fromEnd;
    },
  };
}
