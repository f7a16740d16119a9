/** A followed log as Svelte state, changed at most once a frame however fast events come. */

interface Followable<View> {
  readonly view: View;
  subscribe(watcher: (view: View) => void): () => void;
  close(): void;
}

export class Followed<Live extends Followable<View>, View> {
  readonly live: Live;
  view: View;
  #scheduled = false;
  #closed = false;

  constructor(live: Live) {
    this.live = live;
    this.view = $state.raw(live.view);
    live.subscribe(() => this.#schedule());
  }

  close(): void {
    this.#closed = true;
    this.live.close();
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    const update = (): void => {
      this.#scheduled = false;
      if (!this.#closed) this.view = this.live.view;
    };
    // A hidden page has no frames, yet its title and its tests want to know.
    if (document.hidden) setTimeout(update, 100);
    else requestAnimationFrame(update);
  }
}
