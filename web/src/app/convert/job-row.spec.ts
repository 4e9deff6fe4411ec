import { TestBed } from '@angular/core/testing';
import { provideRouter } from '@angular/router';

import type { Session } from '../api/answers';
import { Failure } from '../api/call';
import { JobRow } from './job-row';
import type { Job } from './queue';

const job = (change: Partial<Job>): Job => ({
  ...{ key: 1, file: new File(['0123456789'], 'a.wav'), choices: ['flac'], recipe: 'flac', unfit: undefined },
  ...{ phase: 'chosen', sent: 0, session: undefined, id: undefined, failed: undefined },
  ...change,
});
const session = (change: Partial<Session>) =>
  ({ state: 'ReadyToXcode', progress: 0, stage: 'queued', ...change }) as Session;

describe('a file on its way', () => {
  beforeEach(() => TestBed.configureTestingModule({ providers: [provideRouter([])] }));

  const shown = async (one: Job) => {
    const fixture = TestBed.createComponent(JobRow);
    fixture.componentRef.setInput('job', one);
    await fixture.whenStable();
    return fixture.nativeElement as HTMLElement;
  };
  const text = (element: HTMLElement) => element.textContent!.replace(/\s+/g, ' ');

  it('shows how much of it was sent, and never more than all', async () => {
    const half = await shown(job({ phase: 'sending', sent: 5 }));
    expect(text(half)).toContain('50% · 5 B of 10 B');
    expect(half.querySelector('[role=progressbar]')!.getAttribute('aria-valuenow')).toBe('50');
    expect(text(await shown(job({ phase: 'sending', sent: 11 })))).toContain('100% ·');
  });

  it('offers only what can be done', async () => {
    const buttons = async (one: Job) =>
      [...(await shown(one)).querySelectorAll('button, a.button')].map((each) => each.textContent!.trim());
    expect(await buttons(job({}))).toEqual(['Remove']);
    expect(await buttons(job({ phase: 'sending' }))).toEqual(['Stop']);
    expect(await buttons(job({ phase: 'stopped' }))).toEqual(['Try again']);
    expect(await buttons(job({ phase: 'sent', id: 's', session: session({}) }))).toEqual(['Transcode']);
    expect(await buttons(job({ phase: 'sent', id: 's', session: session({ state: 'Done' }) }))).toEqual([
      'Results',
    ]);
  });

  it('says Wrong State in plain words, and other failures as they are', async () => {
    const problem = {
      type: '/problems/wrong-state',
      title: 'Wrong State',
      status: 400,
      detail: 'x',
      requestId: 'r-1',
      state: 'Transcoding',
    } as const;
    const failed = new Failure('refused', '400 Wrong State', 'x', 'r-1', problem);
    const wrong = text(await shown(job({ phase: 'sent', session: session({}), failed })));
    expect(wrong).toContain("Can't transcode this file: 400 Wrong State");
    expect(wrong).toContain('It is in the state “Transcoding” already');
    expect(wrong).toContain('r-1');
    const offline = new Failure('unreachable', 'Offline', 'No network.');
    expect(text(await shown(job({ phase: 'stopped', failed: offline })))).toContain('Upload failed. Offline');
  });
});
