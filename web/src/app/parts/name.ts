// A file's name as its owner wrote it, whatever it holds: marks that turn the direction of text stay inside it, and a
// long one is cut in the middle, where it says least; its ending stays.
import { Component, computed, input } from '@angular/core';

const SHOWN = 80;
const TAIL = 14;

@Component({
  selector: 'lg-name',
  host: { class: 'name' },
  template: `<bdi [attr.title]="isCut() ? whole() : null">{{ shown() }}</bdi>`,
})
export class Name {
  readonly whole = input.required<string>();
  readonly most = input(SHOWN);

  protected readonly isCut = computed(() => [...this.whole()].length > this.most());
  protected readonly shown = computed(() => cut(this.whole(), this.most()));
}

/** Marks that turn the text around are named: with one, `gnp.wav` would look like a PNG. */
function laidBare(text: string): string {
  return text.replace(/[\u202a-\u202e]/g, (mark) => `[U+${mark.codePointAt(0)!.toString(16).toUpperCase()}]`);
}

/** Cut between characters as people see them, never within an emoji. */
export function cut(whole: string, most = SHOWN): string {
  const text = laidBare(whole);
  const signs = [...new Intl.Segmenter('en', { granularity: 'grapheme' }).segment(text)].map(
    (part) => part.segment,
  );
  if (signs.length <= most) return text;
  return `${signs.slice(0, most - TAIL - 1).join('')}…${signs.slice(-TAIL).join('')}`;
}
