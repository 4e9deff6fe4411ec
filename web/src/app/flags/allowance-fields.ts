// What one user may do, or everyone: three numbers, each of which may be left out.
import { Component, input, output } from '@angular/core';

import type { Allowance } from '../api/answers';
import { fromMegabytes, inMegabytes, said } from './flag-set';
import { number } from './typed';

@Component({
  selector: 'lg-allowance-fields',
  host: { class: 'fields' },
  template: `
    <label class="field">
      <span>Sessions at work at a time</span>
      <input
        type="number"
        min="0"
        max="4294967295"
        step="1"
        [placeholder]="empty()"
        [value]="allowance().concurrent ?? ''"
        (change)="say('concurrent', number($event))"
      />
    </label>
    <label class="field">
      <span>Sessions that there are</span>
      <input
        type="number"
        min="0"
        max="9007199254740991"
        step="1"
        [placeholder]="empty()"
        [value]="allowance().sessions ?? ''"
        (change)="say('sessions', number($event))"
      />
    </label>
    <label class="field">
      <span>Megabytes that are kept</span>
      <input
        type="number"
        min="0"
        max="9007199254"
        step="any"
        [placeholder]="empty()"
        [value]="megabytes(allowance().bytes) ?? ''"
        (change)="say('bytes', bytes(number($event)))"
      />
    </label>
  `,
})
export class AllowanceFields {
  readonly allowance = input.required<Allowance>();
  /** What holds where nothing is typed. */
  readonly empty = input.required<string>();
  readonly changed = output<Allowance>();

  protected readonly number = number;
  protected readonly megabytes = inMegabytes;
  protected readonly bytes = fromMegabytes;

  protected say(name: keyof Allowance, value: number | undefined): void {
    this.changed.emit(said(this.allowance(), name, value));
  }
}
