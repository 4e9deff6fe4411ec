// What a recipe lets one choose, made of the JSON Schema that the server describes it with.
import { Component, computed, input, output } from '@angular/core';

import type { Recipe } from '../api/answers';
import type { Options } from './queue';

export interface Choice {
  name: string;
  label: string;
  about: string;
  kind: 'choice' | 'number' | 'switch' | 'text';
  values: (string | number)[];
  least: number | null;
  most: number | null;
  /** What a field for it counts in. */
  step: 1 | 'any';
}

interface Property {
  type?: string;
  description?: string;
  enum?: (string | number)[];
  minimum?: number;
  maximum?: number;
}

/** The choices of a schema, in its order. */
export function choices(schema: object): Choice[] {
  const properties = (schema as { properties?: Record<string, Property> }).properties ?? {};
  return Object.entries(properties).map(([name, property]) => ({
    name,
    label: labelled(name),
    about: property.description ?? '',
    kind: kindOf(property),
    values: property.enum ?? [],
    least: property.minimum ?? null,
    most: property.maximum ?? null,
    step: property.type === 'number' ? 'any' : 1,
  }));
}

/** keepGoing → Keep going */
function labelled(name: string): string {
  const words = name.replace(/([A-Z])/g, ' $1').toLowerCase();
  return words.charAt(0).toUpperCase() + words.slice(1);
}

function kindOf(property: Property): Choice['kind'] {
  if (property.enum) return 'choice';
  if (property.type === 'boolean') return 'switch';
  return property.type === 'integer' || property.type === 'number' ? 'number' : 'text';
}

/** `options` with this one said, or unsaid again. */
export function chosen(options: Options, choice: Choice, text: string | boolean): Options {
  const { [choice.name]: _, ...rest } = options;
  if (text === '' || text === false) return rest;
  if (choice.kind === 'choice') {
    return { ...rest, [choice.name]: choice.values.find((value) => String(value) === text) };
  }
  return { ...rest, [choice.name]: choice.kind === 'number' ? Number(text) : text };
}

@Component({
  selector: 'lg-options-form',
  host: { class: 'options' },
  template: `
    @for (choice of all(); track choice.name) {
      <div class="option">
        @if (choice.kind === 'switch') {
          <label class="check">
            <input
              type="checkbox"
              [checked]="options()[choice.name] === true"
              [attr.aria-describedby]="id(choice)"
              (change)="say(choice, $event)"
            />
            {{ choice.label }}
          </label>
        } @else {
          <label>
            <span>{{ choice.label }}</span>
            @if (choice.kind === 'choice') {
              <select [attr.aria-describedby]="id(choice)" (change)="say(choice, $event)">
                <option value="" [selected]="options()[choice.name] === undefined">Not said</option>
                @for (value of choice.values; track value) {
                  <option [value]="value" [selected]="options()[choice.name] === value">{{ value }}</option>
                }
              </select>
            } @else {
              <input
                [type]="choice.kind === 'number' ? 'number' : 'text'"
                [attr.min]="choice.least"
                [attr.max]="choice.most"
                [attr.step]="choice.step"
                [value]="options()[choice.name] ?? ''"
                [attr.aria-describedby]="id(choice)"
                (change)="say(choice, $event)"
              />
            }
          </label>
        }
        <p class="small muted" [id]="id(choice)">{{ choice.about }}</p>
      </div>
    }
  `,
})
export class OptionsForm {
  readonly recipe = input.required<Recipe>();
  readonly options = input.required<Options>();
  readonly said = output<Options>();

  protected readonly all = computed(() => choices(this.recipe().options));

  protected id(choice: Choice): string {
    return `${this.recipe().name}-${choice.name}-about`;
  }

  protected say(choice: Choice, event: Event): void {
    const element = event.target as HTMLInputElement;
    this.said.emit(
      chosen(this.options(), choice, choice.kind === 'switch' ? element.checked : element.value),
    );
  }
}
