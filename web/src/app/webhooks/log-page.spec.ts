import { TestBed } from '@angular/core/testing';
import { provideRouter } from '@angular/router';

import { LogPage } from './log-page';

const DELIVERY = {
  deliveryId: 'dl_1',
  messageId: 'msg_1',
  event: 'session.done',
  state: 'dead',
  createdAt: '2026-01-31T08:00:00Z',
  attempts: [],
  payload: { type: 'session.done' },
};

let bodies: unknown[];

async function shown(id: string, status = 200) {
  bodies = [];
  const asked: string[] = [];
  vi.stubGlobal('fetch', async (url: string, { method, body }: RequestInit) => {
    asked.push(`${method} ${url}`);
    if (body) bodies.push(JSON.parse(String(body)));
    if (status !== 200) return Response.json({ title: 'Unknown Webhook', status, detail: 'No.' }, { status });
    if (method === 'POST') return Response.json({ deliveries: ['dl_2'] }, { status: 202 });
    if (url.includes('deliveries')) return Response.json({ deliveries: [DELIVERY], next: 'further' });
    return Response.json({
      webhookId: id,
      url: 'https://example.org/',
      events: [],
      about: '',
      enabled: true,
    });
  });
  TestBed.configureTestingModule({ providers: [provideRouter([])] });
  const fixture = TestBed.createComponent(LogPage);
  fixture.componentRef.setInput('id', id);
  fixture.componentRef.setInput('state', 'dead');
  const page = fixture.nativeElement as HTMLElement;
  await vi.waitFor(() => expect(page.querySelector('.log, [role=alert]')).not.toBeNull());
  return { page, asked, fixture };
}

describe('the log of a webhook', () => {
  afterEach(() => vi.unstubAllGlobals());

  it('shows what the address asks for, and the way to what is older', async () => {
    const { page, asked } = await shown('ep_1');
    expect(asked).toEqual(['GET /api/webhooks/ep_1', 'GET /api/webhooks/ep_1/deliveries?state=dead']);
    expect(page.textContent).toContain('Given up');
    expect(page.textContent).toContain('Not tried yet');
    expect(page.querySelector<HTMLAnchorElement>('.pages a')!.href).toContain('cursor=further');
  });

  it('tells one again, and looks at once', async () => {
    const { page, asked, fixture } = await shown('ep_1');
    asked.length = 0;
    page.querySelector<HTMLButtonElement>('.log button')!.click();
    await vi.waitFor(() => expect(asked.length).toBe(3));
    await fixture.whenStable();
    expect(asked[0]).toBe('POST /api/webhooks/ep_1/deliveries/dl_1/replay');
    expect(page.textContent).toContain('It is told again');
  });

  it('tells a time again, counted by this device’s clock', async () => {
    const { page, asked, fixture } = await shown('ep_1');
    asked.length = 0;
    const form = page.querySelector<HTMLFormElement>('lg-replay-range form')!;
    form.querySelector<HTMLInputElement>('[name=since]')!.value = '2026-01-31T09:30';
    form.querySelector('button')!.click();
    await vi.waitFor(() => expect(asked.length).toBe(3));
    await fixture.whenStable();
    const since = new Date(2026, 0, 31, 9, 30).toISOString();
    expect(asked[0]).toBe('POST /api/webhooks/ep_1/replay');
    expect(bodies[0]).toEqual({ since, state: 'dead' });
    expect(page.textContent).toContain('1\u00a0message told again');
    form.querySelector<HTMLInputElement>('[name=until]')!.value = '2026-01-31T10:00';
    form.querySelector<HTMLSelectElement>('[name=what]')!.value = 'all';
    form.querySelector('button')!.click();
    await vi.waitFor(() => expect(bodies.length).toBe(2));
    expect(bodies[1]).toEqual({ since, until: new Date(2026, 0, 31, 10).toISOString(), all: true });
  });

  it('of letters asks for no webhook', async () => {
    const { page, asked } = await shown('mail');
    expect(asked).toEqual(['GET /api/webhooks/mail/deliveries?state=dead']);
    expect(page.querySelector('h1')!.textContent).toBe('Letters');
  });

  it('of letters that nobody sends says so', async () => {
    const { page } = await shown('mail', 404);
    expect(page.querySelector('[role=alert]')!.textContent).toContain('sends no letters');
  });
});
