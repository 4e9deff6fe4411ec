// What became of a file: to hear, to look at, to take away; and the manifest, with what was verified.
import { Component, computed, inject } from '@angular/core';
import { RouterLink } from '@angular/router';

import { EVENTS, bytes, kindOf, moment } from '../../parts/words';
import { Name } from '../../parts/name';
import { Current } from '../current';
import { Film } from './film';
import { captioned, facts, sorted, standing } from './kinds';
import { Pictures } from './pictures';
import { Sound } from './sound';
import { Thumbnails } from './thumbnails';

@Component({
  selector: 'lg-results',
  imports: [RouterLink, Film, Name, Pictures, Sound, Thumbnails],
  host: { class: 'stack' },
  templateUrl: './results.html',
})
export class Results {
  protected readonly session = inject(Current).session;
  protected readonly bytes = bytes;
  protected readonly events = EVENTS;
  protected readonly facts = facts;
  protected readonly kindOf = kindOf;
  protected readonly moment = moment;

  protected readonly standing = computed(() => {
    const session = this.session();
    return session ? standing(session) : [];
  });
  protected readonly shown = computed(() => sorted(this.standing()));
  protected readonly captioned = computed(() => {
    const session = this.session();
    return session && captioned(session);
  });
  protected readonly options = computed(() => Object.entries(this.session()?.options ?? {}));
  protected readonly metadata = computed(() => Object.entries(this.session()?.metadata ?? {}));
}
