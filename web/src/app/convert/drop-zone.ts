// Where files come in: dropped, pasted, or picked. The input is what the keyboard reaches; dragging only saves a step.
import { Component, computed, inject, output, signal } from '@angular/core';

import { recipeValues } from '../api/schema';
import { bytes } from '../parts/words';
import { Queue } from './queue';
import { Recipes } from './recipes';

@Component({
  selector: 'lg-drop-zone',
  host: {
    class: 'drop',
    '[class.over]': 'over()',
    '[class.small]': 'hasFiles()',
    '(dragover)': 'hover($event)',
    '(dragleave)': 'over.set(false)',
    '(drop)': 'drop($event)',
    '(window:paste)': 'paste($event)',
  },
  template: `
    <svg viewBox="0 0 24 24" aria-hidden="true">
      <path d="M12 16V4m0 0L7 9m5-5 5 5M4 15v4a1 1 0 0 0 1 1h14a1 1 0 0 0 1-1v-4" />
    </svg>
    <div>
      @if (hasFiles()) {
        <p class="drop-title">Drop more files here</p>
      } @else {
        <p class="drop-title">Drop audio, pictures or video here</p>
        <p class="muted">or paste them</p>
        <ul class="small muted limits">
          @for (limit of limits(); track $index) {
            <li>{{ limit }}</li>
          }
        </ul>
      }
    </div>
    <label class="button" [class.primary]="!hasFiles()">
      <input type="file" multiple class="covered" [attr.aria-label]="word()" (change)="picked($event)" />
      {{ word() }}
    </label>
  `,
})
export class DropZone {
  private readonly recipes = inject(Recipes);
  private readonly queue = inject(Queue);
  readonly files = output<File[]>();
  protected readonly over = signal(false);
  protected readonly hasFiles = computed(() => this.queue.jobs().length > 0);

  protected readonly word = computed(() => (this.hasFiles() ? 'Add files' : 'Choose files'));

  protected readonly limits = computed(() => {
    // Until they are there, their room is kept, so that nothing moves under somebody's hand.
    if (this.recipes.all().length === 0) return recipeValues.map(() => '\u00a0');
    const available = this.recipes.all().filter((recipe) => recipe.available);
    return available.map((recipe) => `${recipe.title}, up to ${bytes(recipe.maxBytes)}`);
  });

  protected hover(event: DragEvent): void {
    if (!event.dataTransfer?.types.includes('Files')) return;
    event.preventDefault();
    this.over.set(true);
  }

  protected drop(event: DragEvent): void {
    event.preventDefault();
    this.over.set(false);
    this.give(event.dataTransfer?.files);
  }

  protected paste(event: ClipboardEvent): void {
    this.give(event.clipboardData?.files);
  }

  protected picked(event: Event): void {
    const input = event.target as HTMLInputElement;
    this.give(input.files);
    input.value = ''; // so that the same file can be chosen again
  }

  private give(files: FileList | null | undefined): void {
    if (files?.length) this.files.emit([...files]);
  }
}
