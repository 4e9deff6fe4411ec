import { TestBed } from '@angular/core/testing';
import { provideRouter } from '@angular/router';

import type { Webhook } from '../api/answers';
import { WebhooksPage } from './webhooks-page';

const one: Webhook = {
  webhookId: 'ep_1',
  url: 'https://example.org/',
  events: ['session.failed'],
  about: 'For me.',
  enabled: true,
  createdAt: '2026-01-31T08:00:00Z',
};

async function shown({ refuses = false } = {}) {
  const asked: [string, string, unknown][] = [];
  vi.stubGlobal('fetch', async (url: string, { method, body }: RequestInit) => {
    asked.push([method!, url, body && JSON.parse(String(body))]);
    if (method === 'PUT' && refuses)
      return Response.json({ title: 'Bad Request', status: 400, detail: 'No.' }, { status: 400 });
    if (method === 'DELETE') return new Response(null, { status: 204 });
    if (method === 'GET') return Response.json({ webhooks: [one] });
    return Response.json({ ...one, secret: 'whsec_shown', deliveries: [] });
  });
  TestBed.configureTestingModule({ providers: [provideRouter([])] });
  const fixture = TestBed.createComponent(WebhooksPage);
  const page = fixture.nativeElement as HTMLElement;
  await vi.waitFor(() => expect(page.querySelector('lg-webhook-row')).not.toBeNull());
  const press = async (words: string) => {
    asked.length = 0;
    [...page.querySelectorAll('button')]
      .find((button) => button.textContent!.trim().startsWith(words))!
      .click();
    await vi.waitFor(() => expect(fixture.componentInstance['doing']()).toBe(false));
    await fixture.whenStable();
    return asked.filter(([method]) => method !== 'GET');
  };
  return { page, press };
}

describe('the page of webhooks', () => {
  afterEach(() => vi.unstubAllGlobals());

  it('switches one off and leaves the rest of it as it is', async () => {
    const { press } = await shown();
    const { url, events, about } = one;
    expect(await press('Switch off')).toEqual([
      ['PUT', '/api/webhooks/ep_1', { url, events, about, enabled: false }],
    ]);
  });

  it('shows a new secret until it is put away', async () => {
    const { page, press } = await shown();
    expect(await press('New secret')).toEqual([['POST', '/api/webhooks/ep_1/secret', undefined]]);
    expect(page.textContent).toContain('whsec_shown');
    await press('I have put it away');
    expect(page.textContent).not.toContain('whsec_shown');
  });

  it('removes one only when it was asked twice', async () => {
    const { page, press } = await shown();
    expect(await press('Remove')).toEqual([]);
    await press('Keep');
    expect(page.textContent).not.toContain('Yes, remove');
    await press('Remove');
    expect(await press('Yes, remove')).toEqual([['DELETE', '/api/webhooks/ep_1', undefined]]);
  });

  it('changes one, and leaves on or off what is on or off', async () => {
    const { page, press } = await shown();
    document.body.append(page);
    await press('Edit');
    const form = page.querySelector('lg-webhook-row form')!;
    expect(new FormData(form as HTMLFormElement).getAll('event')).toEqual(['session.failed']);
    form.querySelector<HTMLInputElement>('[name=about]')!.value = 'For all of us.';
    form.querySelectorAll<HTMLInputElement>('[name=event]')[0]!.click();
    form.querySelector('button')!.focus();
    expect(await press('Save')).toEqual([
      [
        'PUT',
        '/api/webhooks/ep_1',
        { url: one.url, about: 'For all of us.', events: ['session.done', 'session.failed'], enabled: true },
      ],
    ]);
    expect(page.querySelector('lg-webhook-row form')).toBeNull();
    expect(document.activeElement!.textContent).toContain('Edit');
    page.remove();
  });

  it('keeps what was typed when it is refused, and changes nothing when one leaves it', async () => {
    const { page, press } = await shown({ refuses: true });
    await press('Edit');
    page.querySelector<HTMLInputElement>('lg-webhook-row [name=about]')!.value = 'Typed.';
    await press('Save');
    expect(page.querySelector('[role=alert]')!.textContent).toContain('No.');
    expect(page.querySelector<HTMLInputElement>('lg-webhook-row [name=about]')!.value).toBe('Typed.');
    expect(await press('Leave as it is')).toEqual([]);
    await press('Edit');
    expect(page.querySelector<HTMLInputElement>('lg-webhook-row [name=about]')!.value).toBe('For me.');
  });

  it('adds one with what was chosen', async () => {
    const { page, press } = await shown();
    page.querySelector<HTMLInputElement>('[name=url]')!.value = ' https://example.org/x ';
    page.querySelectorAll<HTMLInputElement>('[name=event]')[1]!.checked = true;
    expect(await press('Add')).toEqual([
      ['POST', '/api/webhooks', { url: 'https://example.org/x', about: '', events: ['session.failed'] }],
    ]);
    expect(page.querySelector('[data-test=secret]')!.textContent).toContain('whsec_shown');
  });
});
