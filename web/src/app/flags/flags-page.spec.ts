import { TestBed } from '@angular/core/testing';
import { provideRouter } from '@angular/router';

import { FlagsPage } from './flags-page';

const FLAC = {
  name: 'flac',
  title: 'Sound',
  maxBytes: 1000,
  available: true,
  options: { properties: { level: { enum: ['fast', 'best'] }, track: { type: 'integer' } } },
};

/** A server that keeps flags, and what was put there. */
function keeper(flags: object) {
  const state = { flags, revision: 1, trouble: undefined as string | undefined };
  const put: { flags: unknown; revision: string }[] = [];
  const view = () => ({ ...state, revision: `${state.revision}` });
  vi.stubGlobal('fetch', async (url: string, { method, body }: RequestInit) => {
    if (url === '/api/recipes') return Response.json({ recipes: [FLAC] });
    if (method === 'GET') return Response.json(view());
    const asked = JSON.parse(String(body)) as { flags: object; revision: string };
    put.push(asked);
    if (asked.revision !== `${state.revision}`) {
      const problem = { type: '/problems/flags-changed', title: 'Flags Changed', status: 409, detail: 'No.' };
      return Response.json(problem, { status: 409 });
    }
    state.flags = asked.flags;
    state.revision += 1;
    return Response.json(view());
  });
  return { state, put };
}

async function shown() {
  TestBed.configureTestingModule({ providers: [provideRouter([])] });
  const fixture = TestBed.createComponent(FlagsPage);
  await vi.waitFor(() => expect(fixture.componentInstance['read']()).toBeDefined());
  await fixture.whenStable();
  const page = fixture.nativeElement as HTMLElement;
  const change = async (field: Element | null, value: string | boolean) => {
    const input = field as HTMLInputElement;
    if (typeof value === 'string') input.value = value;
    else input.checked = value;
    input.dispatchEvent(new Event('change'));
    await fixture.whenStable();
  };
  const press = async (words: string) => {
    const button = [...page.querySelectorAll('button')].find((one) => one.textContent!.includes(words));
    button!.click();
    await vi.waitFor(() => expect(fixture.componentInstance['doing']()).toBe(false));
    await fixture.whenStable();
  };
  return { page, change, press, component: fixture.componentInstance };
}

describe('the page of flags', () => {
  afterEach(() => vi.unstubAllGlobals());

  it('sends back what it does not know as it was', async () => {
    const unknown = { options: { level: 'best' } };
    const { put } = keeper({ maintenance: { retry: 300, since: 7 }, recipes: { flac: unknown }, more: [1] });
    const { page, change, press } = await shown();
    await change(page.querySelector('lg-recipe-fields [type=number]'), '0.0005');
    await press('Save');
    expect(put).toEqual([
      {
        flags: {
          maintenance: { retry: 300, since: 7 },
          recipes: { flac: { ...unknown, bytes: 500 } },
          more: [1],
        },
        revision: '1',
      },
    ]);
    expect(page.textContent).toContain('Saved: 1');
  });

  it('saves nothing when nothing was typed', async () => {
    const { put } = keeper({});
    const { press } = await shown();
    await press('Save');
    expect(put).toEqual([]);
  });

  it('says options where a session says nothing, and unsays them', async () => {
    const { state } = keeper({ recipes: { flac: { options: { track: 2 } } } });
    const { page, change, press } = await shown();
    expect(page.querySelector('lg-options-form')).toBeNull();
    await press('Options where a session says nothing');
    await change(page.querySelector('lg-options-form select'), 'best');
    await press('Save');
    expect(state.flags).toEqual({ recipes: { flac: { options: { track: 2, level: 'best' } } } });
    await change(page.querySelector('lg-options-form select'), '');
    await change(page.querySelector('lg-options-form input'), '');
    await press('Save');
    expect(state.flags).toEqual({ recipes: { flac: {} } });
  });

  it('asks before it is left with something that is not saved', async () => {
    keeper({});
    const { page, change } = await shown();
    const isAsked = () => !window.dispatchEvent(new Event('beforeunload', { cancelable: true }));
    expect(isAsked()).toBe(false);
    await change(page.querySelector('[type=checkbox]'), true);
    expect(isAsked()).toBe(true);
  });

  it('puts back what was before, and keeps what was typed since', async () => {
    const { state } = keeper({ maintenance: { on: false } });
    const { page, change, press } = await shown();
    const [on] = page.querySelectorAll('[type=checkbox]');
    await change(on!, true);
    await press('Save');
    expect(state.flags).toEqual({ maintenance: { on: true } });
    await change(page.querySelector('input[type=text]'), 'Typed since.');
    await press('Put back');
    expect(state.flags).toEqual({ maintenance: { on: false } });
    expect((on as HTMLInputElement).checked).toBe(false);
    expect(page.querySelector<HTMLInputElement>('input[type=text]')!.value).toBe('Typed since.');
    expect(page.textContent).toContain('1\u00a0change not saved yet');
  });

  it('loses nothing when somebody else was quicker', async () => {
    const { state } = keeper({ maintenance: { on: false, retry: 300 } });
    const { page, change, press } = await shown();
    await change(page.querySelector('[type=checkbox]'), true);
    Object.assign(state, { flags: { maintenance: { on: false, retry: 60 } }, revision: 5 });
    await press('Save');
    expect(page.querySelector('[role=alert]')!.textContent).toContain('Somebody else');
    await press('Read theirs');
    expect(page.querySelector('[role=alert]')).toBeNull();
    expect(page.textContent).toContain('maintenance.retry was 300, is 60');
    await press('Save');
    expect(state.flags).toEqual({ maintenance: { on: true, retry: 60 } });
  });

  it('says what it cannot read, and adds and removes users', async () => {
    const { state } = keeper({});
    state.trouble = 'flags.toml: nonsense';
    const { page, press, component } = await shown();
    expect(page.querySelector('[role=alert]')!.textContent).toContain('flags.toml: nonsense');
    const [, adding] = page.querySelectorAll('form');
    adding!.querySelector('input')!.value = ' ada ';
    await press('Add a user');
    expect(component['draft']()).toEqual({ users: { named: { ada: {} } } });
    await press('Remove');
    expect(component['draft']()).toEqual({ users: { named: {} } });
  });
});
