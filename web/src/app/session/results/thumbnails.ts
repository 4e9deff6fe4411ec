// The frames of a film, as they lie in the zip that the recipe makes; the zip is fetched only when it is small enough.
import { Component, OnDestroy, effect, input, signal, untracked } from '@angular/core';

import type { Output } from '../../api/answers';
import { bytes, count } from '../../parts/words';
import { members } from './zip';

const MOST_BYTES = 64_000_000;

interface Frame {
  name: string;
  url: string;
}

@Component({
  selector: 'lg-thumbnails',
  host: { class: 'panel stack' },
  template: `
    @if (frames().length) {
      <ul class="grid">
        @for (frame of frames(); track frame.url) {
          <li>
            <a [href]="frame.url" [attr.download]="frame.name"
              ><img [src]="frame.url" [alt]="'Frame ' + frame.name" loading="lazy"
            /></a>
          </li>
        }
      </ul>
    }
    @if (failed()) {
      <p class="small muted">The pictures inside cannot be shown here; the download has them.</p>
    }
    <div class="row-between">
      <span class="muted small num">{{
        frames().length ? count(frames().length, 'picture') : output().name
      }}</span>
      <a class="button primary" [href]="output().url" [attr.download]="output().name">
        Download all (zip, {{ bytes(output().bytes) }})
      </a>
    </div>
  `,
})
export class Thumbnails implements OnDestroy {
  readonly output = input.required<Output>();
  protected readonly bytes = bytes;
  protected readonly count = count;
  protected readonly frames = signal<readonly Frame[]>([]);
  protected readonly failed = signal(false);
  private shown = '';

  constructor() {
    effect(() => {
      const output = this.output();
      if (output.sha256 === this.shown) return;
      this.shown = output.sha256;
      untracked(() => void this.open(output));
    });
  }

  ngOnDestroy(): void {
    for (const frame of this.frames()) URL.revokeObjectURL(frame.url);
  }

  private async open(output: Output): Promise<void> {
    if (output.bytes > MOST_BYTES) return;
    try {
      const archive = await (await fetch(output.url)).arrayBuffer();
      const pictures = members(archive).filter((member) => /\.jpe?g$/i.test(member.name));
      const frames = await Promise.all(
        pictures.map(async (member) => ({
          name: member.name,
          url: URL.createObjectURL(new Blob([await member.bytes()], { type: 'image/jpeg' })),
        })),
      );
      this.frames.set(frames);
    } catch {
      this.failed.set(true);
    }
  }
}
