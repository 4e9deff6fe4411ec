import { TestBed } from '@angular/core/testing';
import { provideRouter } from '@angular/router';

import { HealthPage } from './health-page';

describe('the page of health', () => {
  beforeEach(() => vi.useFakeTimers());
  afterEach(() => {
    vi.useRealTimers();
    vi.unstubAllGlobals();
  });

  async function shown(answer: () => Response) {
    let asked = 0;
    vi.stubGlobal('fetch', async () => (asked++, answer()));
    TestBed.configureTestingModule({ providers: [provideRouter([])] });
    const fixture = TestBed.createComponent(HealthPage);
    const pass = async (millis: number) => {
      await vi.advanceTimersByTimeAsync(millis);
      fixture.detectChanges();
      return fixture.nativeElement as HTMLElement;
    };
    return { page: await pass(0), pass, asked: () => asked };
  }

  it('reads again every few seconds, and keeps what it knows when there is no answer', async () => {
    let waiting = 1;
    const { page, pass } = await shown(() => {
      if (waiting === 3) throw new TypeError('no network');
      return new Response(`lockgate_media_work{state="waiting"} ${waiting}\n`);
    });
    const shows = () => page.querySelectorAll('.rows dd')[1]!.textContent;
    expect(shows()).toBe('1');
    waiting = 2;
    await pass(4_000);
    expect(shows()).toBe('2');
    waiting = 3;
    await pass(4_000);
    expect(page.querySelector('[role=alert]')!.textContent).toContain('No answer');
    expect(shows()).toBe('2');
    waiting = 4;
    await pass(4_000);
    expect(page.querySelector('[role=alert]')).toBeNull();
    expect(shows()).toBe('4');
  });

  it('asks no more once it is refused', async () => {
    const problem = { type: '/problems/not-an-admin', title: 'Not an Admin', status: 403, detail: 'No.' };
    const { page, pass, asked } = await shown(() => Response.json(problem, { status: 403 }));
    expect(page.querySelector('[role=alert]')!.textContent).toContain('403 Not an Admin');
    await pass(60_000);
    expect(asked()).toBe(1);
  });
});
