// How far something is. The word beside it is the caller's.
import { Component, input } from '@angular/core';

@Component({
  selector: 'lg-bar',
  host: {
    role: 'progressbar',
    class: 'bar',
    '[attr.aria-label]': 'label()',
    'aria-valuemin': '0',
    'aria-valuemax': '100',
    '[attr.aria-valuenow]': 'round(percent())',
  },
  template: `<span [style.inline-size.%]="percent()"></span>`,
})
export class Bar {
  readonly percent = input.required<number>();
  readonly label = input.required<string>();
  protected readonly round = Math.floor;
}
