import { Component, inject } from '@angular/core';
import { Router, RouterLink } from '@angular/router';

import { Heading } from './parts/heading';

@Component({
  selector: 'lg-not-found',
  imports: [RouterLink, Heading],
  host: { class: 'page narrow' },
  template: `
    <h1 lgHeading>There is nothing here</h1>
    <p>
      No page of Lockgate is called <code class="break">{{ path }}</code
      >.
    </p>
    <p class="actions">
      <a class="button primary" routerLink="/">Convert a file</a>
      <a class="button" routerLink="/sessions">All sessions</a>
    </p>
  `,
})
export class NotFound {
  protected readonly path = inject(Router).url;
}
