// One recipe: whether it is to be had, why it is not, how large a file may be, and what holds of its options where a session
// says nothing.
import { Component, computed, input, output, signal } from '@angular/core';

import type { Recipe, RecipeFlags } from '../api/answers';
import { OptionsForm, choices } from '../convert/options-form';
import type { Options } from '../convert/queue';
import { bytes } from '../parts/words';
import { fromMegabytes, inMegabytes, said } from './flag-set';
import { checked, number, text } from './typed';

@Component({
  selector: 'lg-recipe-fields',
  imports: [OptionsForm],
  host: { class: 'panel stack', role: 'group', '[attr.aria-label]': 'recipe().title' },
  template: `
    <div class="row-between">
      <h3>
        {{ recipe().title }} <code>{{ recipe().name }}</code>
      </h3>
      <label class="check">
        <input type="checkbox" [checked]="isOn()" (change)="say('on', checked($event))" />
        On
      </label>
    </div>
    @if (isOn() && !recipe().available && !offThere()) {
      <p class="small muted">Not to be had here: {{ recipe().unavailableBecause }}</p>
    }
    <div class="fields">
      @if (!isOn()) {
        <label class="field wide">
          <span>Why it is off, for whoever asks for it</span>
          <input
            type="text"
            maxlength="300"
            placeholder="It is switched off for now."
            [value]="flags().reason ?? ''"
            (change)="say('reason', text($event))"
          />
        </label>
      }
      <label class="field">
        <span>Largest file, in megabytes</span>
        <input
          type="number"
          min="0"
          max="9007199254"
          step="any"
          placeholder="what the recipe takes"
          [value]="megabytes(flags().bytes) ?? ''"
          (change)="say('bytes', size(number($event)))"
        />
      </label>
    </div>
    <p class="small muted">
      Files up to {{ bytes(recipe().maxBytes) }} are taken now.
      @if (options(); as said) {
        Unless a session says otherwise: <code class="break">{{ said }}</code
        >.
      }
    </p>
    @if (hasOptions()) {
      <!-- And not what only closes over them: a form does not say what is wrong with a field that is not shown. -->
      <p>
        <button type="button" [attr.aria-expanded]="open()" (click)="open.set(!open())">
          {{ open() ? 'Hide its options' : 'Options where a session says nothing'
          }}<span class="covered">, of {{ recipe().title }}</span>
        </button>
      </p>
      @if (open()) {
        <lg-options-form [recipe]="recipe()" [options]="flags().options ?? {}" (said)="sayOptions($event)" />
      }
    }
  `,
})
export class RecipeFields {
  readonly recipe = input.required<Recipe>();
  readonly flags = input.required<RecipeFlags>();
  /** Whether it is off on the server, whatever is to be. */
  readonly offThere = input(false);
  readonly changed = output<RecipeFlags>();

  protected readonly bytes = bytes;
  protected readonly number = number;
  protected readonly text = text;
  protected readonly checked = checked;
  protected readonly megabytes = inMegabytes;
  protected readonly size = fromMegabytes;
  protected readonly isOn = computed(() => this.flags().on !== false);
  protected readonly open = signal(false);
  protected readonly hasOptions = computed(() => choices(this.recipe().options ?? {}).length > 0);
  protected readonly options = computed(() =>
    Object.entries(this.flags().options ?? {})
      .map(([name, value]) => `${name} = ${String(value)}`)
      .join(', '),
  );

  /** None of them is none said: the field goes, too. */
  protected sayOptions(options: Options): void {
    const isNone = !Object.keys(options).length;
    this.say('options', isNone ? undefined : (options as RecipeFlags['options']));
  }

  protected say<K extends keyof RecipeFlags>(name: K, value: RecipeFlags[K] | undefined): void {
    this.changed.emit(said(this.flags(), name, value));
  }
}
