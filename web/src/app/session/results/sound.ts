// A sound to hear, with its shape. The browser's own player: it has every key and every word that a player needs.
import { Component, ElementRef, computed, input, linkedSignal, signal, viewChild } from '@angular/core';

import type { Output } from '../../api/answers';
import { bytes, clock, kindOf } from '../../parts/words';
import { facts } from './kinds';
import { Waveform } from './waveform';

@Component({
  selector: 'lg-sound',
  imports: [Waveform],
  host: { class: 'panel stack' },
  template: `
    @if (peaks(); as shape) {
      <lg-waveform [peaks]="shape" [played]="played()" (click)="seek($event)" />
    }
    <audio
      #player
      controls
      preload="metadata"
      [src]="playing()"
      (error)="playing.set(output().url)"
      (timeupdate)="follow()"
      (seeked)="follow()"
      (loadedmetadata)="follow()"
    ></audio>
    <div class="row-between">
      <span class="muted small num">{{ line() }}</span>
      <a class="button primary" [href]="output().url" [attr.download]="output().name">
        Download {{ kindOf(output().contentType) }} ({{ bytes(output().bytes) }})
      </a>
    </div>
  `,
})
export class Sound {
  readonly output = input.required<Output>();
  readonly peaks = input<Output>();
  /** Stays while the result does: a fresh URL of the same bytes must not interrupt who listens. */
  protected readonly playing = linkedSignal<Output, string>({
    source: this.output,
    computation: (output, before) => (before?.source.sha256 === output.sha256 ? before.value : output.url),
  });
  protected readonly bytes = bytes;
  protected readonly kindOf = kindOf;
  protected readonly played = signal(0);
  private readonly length = signal(0);
  private readonly player = viewChild.required<ElementRef<HTMLAudioElement>>('player');

  protected readonly line = computed(() => {
    const length = this.length();
    return [...(length ? [clock(length)] : []), ...facts(this.output())].join(' · ');
  });

  protected follow(): void {
    const { currentTime, duration } = this.player().nativeElement;
    if (!Number.isFinite(duration) || duration <= 0) return;
    this.length.set(duration);
    this.played.set(currentTime / duration);
  }

  /** Only a shortcut for the pointer: the player's own slider does the same by key. */
  protected seek(event: MouseEvent): void {
    const player = this.player().nativeElement;
    const box = (event.currentTarget as HTMLElement).getBoundingClientRect();
    if (Number.isFinite(player.duration))
      player.currentTime = ((event.clientX - box.left) / box.width) * player.duration;
  }
}
