// A film to watch, with its captions where there are some.
import { Component, input, linkedSignal } from '@angular/core';

import type { Output } from '../../api/answers';
import { bytes, kindOf } from '../../parts/words';
import { facts, type Clip } from './kinds';

@Component({
  selector: 'lg-film',
  host: { class: 'panel stack' },
  template: `
    <video
      controls
      preload="metadata"
      crossorigin="anonymous"
      [src]="playing()"
      (error)="playing.set(output().url)"
    >
      @for (track of captions(); track track.sha256; let first = $first) {
        <track kind="captions" [src]="track.url" [label]="track.name" [default]="first" />
      }
    </video>
    <div class="row-between">
      <span class="muted small num">{{ facts(output()).join(' · ') }}</span>
      <a class="button primary" [href]="output().url" [attr.download]="output().name">
        Download {{ kindOf(output().contentType) }} ({{ bytes(output().bytes) }})
      </a>
    </div>
  `,
})
export class Film {
  readonly output = input.required<Clip>();
  readonly captions = input<readonly Output[]>([]);
  /** Stays while the result does: a fresh URL of the same bytes must not interrupt who listens. */
  protected readonly playing = linkedSignal<Clip, string>({
    source: this.output,
    computation: (output, before) => (before?.source.sha256 === output.sha256 ? before.value : output.url),
  });
  protected readonly bytes = bytes;
  protected readonly facts = facts;
  protected readonly kindOf = kindOf;
}
