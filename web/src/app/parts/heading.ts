// The heading of a page takes the focus when one comes to the page from another: a screen reader then reads it first.
import { Directive, ElementRef, afterNextRender, inject } from '@angular/core';
import { Router } from '@angular/router';

@Directive({ selector: 'h1[lgHeading]', host: { tabindex: '-1' } })
export class Heading {
  constructor() {
    const element = inject<ElementRef<HTMLElement>>(ElementRef).nativeElement;
    const router = inject(Router);
    afterNextRender(() => {
      const navigation = router.currentNavigation() ?? router.lastSuccessfulNavigation();
      if (navigation?.previousNavigation) element.focus();
    });
  }
}
