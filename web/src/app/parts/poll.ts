// Asks again and again while somebody looks, ever more slowly while nothing changes.
import { DestroyRef, inject } from '@angular/core';

const FIRST = 1_000;
const MOST = 10_000;

export class Poll {
  private timer: ReturnType<typeof setTimeout> | undefined;
  private wait = 0;
  private stopped = true;
  private running = false;
  private isAskedAgain = false;

  /** `ask` answers what to do next: soon (something changed), later, or stop. */
  constructor(
    private readonly ask: () => Promise<'soon' | 'later' | 'stop'>,
    private readonly first = FIRST,
  ) {
    const looked = () => this.looked();
    document.addEventListener('visibilitychange', looked);
    addEventListener('online', looked);
    inject(DestroyRef).onDestroy(() => {
      this.stop();
      document.removeEventListener('visibilitychange', looked);
      removeEventListener('online', looked);
    });
  }

  /** At once, whatever it waits for. */
  now(): void {
    this.stopped = false;
    this.wait = this.first;
    clearTimeout(this.timer);
    void this.round();
  }

  stop(): void {
    this.stopped = true;
    clearTimeout(this.timer);
  }

  private looked(): void {
    if (!this.stopped && !document.hidden) this.now();
  }

  private async round(): Promise<void> {
    if (this.running) {
      this.isAskedAgain = true;
      return;
    }
    this.running = true;
    const next = await this.ask();
    this.running = false;
    if (this.isAskedAgain) {
      this.isAskedAgain = false;
      return this.round();
    }
    if (next === 'stop') this.stopped = true;
    if (this.stopped || document.hidden) return;
    this.wait = next === 'soon' ? this.first : Math.min(this.wait * 1.5, MOST);
    this.timer = setTimeout(() => void this.round(), this.wait);
  }
}
