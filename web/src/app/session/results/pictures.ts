// The picture that was sent beside what was made of it, in boxes of the same size, so that eyes can compare.
import { Component, computed, input, signal } from '@angular/core';

import type { Output, Session } from '../../api/answers';
import { Name } from '../../parts/name';
import { bytes, kindOf } from '../../parts/words';
import { facts } from './kinds';

@Component({
  selector: 'lg-pictures',
  imports: [Name],
  host: { class: 'pictures' },
  template: `
    @if (source(); as original) {
      <figure>
        <div class="frame">
          @if (broken()) {
            <p class="muted small">This browser does not show the original.</p>
          } @else {
            <img
              [src]="original.url"
              [alt]="'Original: ' + original.fileName"
              (load)="measure($event)"
              (error)="broken.set(true)"
            />
          }
        </div>
        <figcaption>
          <strong>Original</strong>
          <span class="muted small num">{{ bytes(original.size) }}{{ pixels() }}</span>
          <a class="button" [href]="original.url" [attr.download]="original.fileName">Download original</a>
        </figcaption>
      </figure>
    }
    @for (one of outputs(); track one.sha256) {
      <figure>
        <div class="frame"><img [src]="one.url" [alt]="'Result: ' + one.name" /></div>
        <figcaption>
          <strong><lg-name [whole]="one.name" /></strong>
          <span class="muted small num">{{ line(one) }}</span>
          <a class="button primary" [href]="one.url" [attr.download]="one.name">
            Download {{ kindOf(one.contentType) }} ({{ bytes(one.bytes) }})
          </a>
        </figcaption>
      </figure>
    }
  `,
})
export class Pictures {
  readonly session = input.required<Session>();
  readonly outputs = input.required<readonly Output[]>();
  protected readonly bytes = bytes;
  protected readonly kindOf = kindOf;
  protected readonly pixels = signal('');
  protected readonly broken = signal(false);

  protected readonly source = computed(() => {
    const { url, fileName, size, contentType } = this.session().source;
    return url && contentType.startsWith('image/') ? { url, fileName, size } : undefined;
  });

  protected measure(event: Event): void {
    const image = event.target as HTMLImageElement;
    this.pixels.set(` · ${image.naturalWidth} × ${image.naturalHeight} px`);
  }

  protected line(output: Output): string {
    return [bytes(output.bytes), ...facts(output)].join(' · ');
  }
}
