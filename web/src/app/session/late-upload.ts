// A session whose file never came whole – the page was closed, the network went – takes it here.
import { Component, computed, input, signal } from '@angular/core';

import type { Session } from '../api/answers';
import { call, failure, Failure } from '../api/call';
import { Alert } from '../parts/alert';
import { Bar } from '../parts/bar';
import { Name } from '../parts/name';
import { bytes, percent } from '../parts/words';
import { send } from '../convert/send';

@Component({
  selector: 'lg-late-upload',
  imports: [Alert, Bar, Name],
  host: { class: 'panel stack', 'data-test': 'late-upload' },
  template: `
    <p>
      <strong>The file is not here yet.</strong> If it is being uploaded in another tab, this page will show
      it. If that upload was broken off, choose the file again:
      <lg-name [whole]="session().source.fileName" />, {{ bytes(session().source.size) }}. The session waits
      for it for a day.
    </p>
    @if (failed(); as why) {
      <lg-alert [failure]="why" [title]="'Upload failed. ' + why.title" />
    }
    @if (sent() === undefined) {
      <label class="button">
        <input type="file" class="covered" aria-label="Choose the file again" (change)="picked($event)" />
        Choose the file again
      </label>
    } @else {
      <div class="job-bar">
        <lg-bar [percent]="share()" label="Upload" />
        <span class="num small"
          >{{ percent(share()) }} · {{ bytes(sent()!) }} of {{ bytes(session().source.size) }}</span
        >
      </div>
    }
  `,
})
export class LateUpload {
  readonly session = input.required<Session>();
  protected readonly bytes = bytes;
  protected readonly percent = percent;
  protected readonly sent = signal<number | undefined>(undefined);
  protected readonly failed = signal<Failure | undefined>(undefined);
  protected readonly share = computed(() => (100 * (this.sent() ?? 0)) / this.session().source.size);

  protected async picked(event: Event): Promise<void> {
    const file = (event.target as HTMLInputElement).files?.[0];
    if (!file) return;
    this.failed.set(undefined);
    const { size } = this.session().source;
    if (file.size !== size) {
      const detail = `The file was announced with ${bytes(size)} (${size} bytes); this one has ${file.size} bytes.`;
      this.failed.set(new Failure('refused', 'Another file', detail));
      return;
    }
    try {
      this.sent.set(0);
      const id = this.session().sessionId;
      const ticket = await call('post', '/api/sessions/{id}/upload', { id, has: ['url', 'headers'] });
      await send(file, ticket, (sent) => this.sent.set(sent)).done;
    } catch (thrown) {
      this.sent.set(undefined);
      this.failed.set(failure(thrown));
    }
  }
}
