// A button may go with what it did. Whoever pressed it by key must not be thrown back to the top of the page: the focus
// then stays in here, on what is marked `data-first` or else on the first thing that takes it.
import { Directive, ElementRef, afterEveryRender, inject } from '@angular/core';

@Directive({
  selector: '[lgKeepsFocus]',
  host: { '(focusin)': 'hasFocus = true', '(focusout)': 'left($event)' },
})
export class KeepsFocus {
  private readonly element = inject<ElementRef<HTMLElement>>(ElementRef).nativeElement;
  protected hasFocus = false;

  constructor() {
    afterEveryRender({
      write: () => {
        if (this.hasFocus && document.activeElement === document.body) this.next()?.focus();
      },
    });
  }

  /** Something that was removed lets go of the focus too, but not because anybody went elsewhere. */
  protected left({ target }: FocusEvent): void {
    queueMicrotask(() => {
      const isThere = (target as HTMLElement).isConnected;
      if (isThere && !this.element.contains(document.activeElement)) this.hasFocus = false;
    });
  }

  private next(): HTMLElement | null {
    return (
      this.element.querySelector<HTMLElement>('[data-first]') ??
      this.element.querySelector('a, button, input')
    );
  }
}
