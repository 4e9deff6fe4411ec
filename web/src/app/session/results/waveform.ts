// A sound's shape, from the peaks that the server has computed: one path, as wide as it is given room.
import { Component, effect, input, signal, untracked } from '@angular/core';

import type { Output } from '../../api/answers';

/** The format of audiowaveform, version 2: a lowest and a highest value for each pixel. */
export interface Peaks {
  bits: number;
  length: number;
  data: number[];
}

const HEIGHT = 100;

/** The outline: along the highest values, and back along the lowest. */
export function outline({ bits, data }: Peaks): string {
  const full = 2 ** (bits - 1);
  const y = (value: number) => (HEIGHT / 2 - (value / full) * (HEIGHT / 2)).toFixed(1);
  const columns = Array.from({ length: Math.floor(data.length / 2) }, (_, column) => column);
  const upper = columns.map((x) => `${x},${y(data[2 * x + 1]!)}`);
  const lower = columns.reverse().map((x) => `${x},${y(data[2 * x]!)}`);
  return upper.length ? `M${upper.join('L')}L${lower.join('L')}Z` : '';
}

export function isPeaks(value: unknown): value is Peaks {
  const peaks = value as Partial<Peaks> | null;
  return (
    typeof peaks?.bits === 'number' &&
    Array.isArray(peaks.data) &&
    peaks.data.every((each) => typeof each === 'number')
  );
}

@Component({
  selector: 'lg-waveform',
  host: { class: 'waveform' },
  template: `
    @if (shape(); as path) {
      <svg
        role="img"
        aria-label="Waveform"
        preserveAspectRatio="none"
        [attr.viewBox]="'0 0 ' + width() + ' 100'"
      >
        <path class="all" [attr.d]="path" />
        <clipPath id="played"><rect x="0" y="0" height="100" [attr.width]="played() * width()" /></clipPath>
        <path class="played" clip-path="url(#played)" [attr.d]="path" />
      </svg>
    } @else if (failed()) {
      <p class="small muted">The waveform could not be fetched.</p>
    }
  `,
})
export class Waveform {
  readonly peaks = input.required<Output>();
  /** From 0 to 1. */
  readonly played = input(0);
  protected readonly shape = signal('');
  protected readonly width = signal(1);
  protected readonly failed = signal(false);
  private shown = '';

  constructor() {
    effect(() => {
      const { url, sha256 } = this.peaks();
      if (sha256 === this.shown) return; // the same result under a fresh URL
      this.shown = sha256;
      untracked(() => void this.fetch(url));
    });
  }

  private async fetch(url: string): Promise<void> {
    try {
      const response = await fetch(url);
      const peaks: unknown = await response.json();
      if (!response.ok || !isPeaks(peaks)) throw new Error('no peaks');
      this.width.set(Math.max(1, peaks.data.length / 2 - 1));
      this.shape.set(outline(peaks));
    } catch {
      this.failed.set(true);
    }
  }
}
