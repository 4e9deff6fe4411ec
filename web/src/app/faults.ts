// What goes wrong in the page itself is shown, so that no one looks at half a page and waits.
import { ErrorHandler, Injectable, signal } from '@angular/core';

@Injectable({ providedIn: 'root' })
export class Faults implements ErrorHandler {
  readonly last = signal<string | undefined>(undefined);

  handleError(error: unknown): void {
    console.error(error);
    this.last.set(error instanceof Error ? error.message : String(error));
  }
}
