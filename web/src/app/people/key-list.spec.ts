import { TestBed } from '@angular/core/testing';
import { provideRouter } from '@angular/router';

import { KeyList } from './key-list';

async function shown(answer: () => Response) {
  vi.stubGlobal('fetch', async () => answer());
  TestBed.configureTestingModule({ providers: [provideRouter([])] });
  const fixture = TestBed.createComponent(KeyList);
  await vi.waitFor(() => expect(fixture.nativeElement.textContent).toMatch(/No keys|none/));
  await fixture.whenStable();
  return fixture.nativeElement as HTMLElement;
}

describe('the keys', () => {
  afterEach(() => vi.unstubAllGlobals());

  it('can be made where there are none yet', async () => {
    const page = await shown(() => Response.json({ keys: [] }));
    expect(page.querySelector('form')).not.toBeNull();
  });

  it('cannot where the server gives out none, which is nothing to be alarmed at', async () => {
    const problem = { type: '/problems/no-accounts', title: 'No Accounts', status: 404, detail: 'No.' };
    const page = await shown(() => Response.json(problem, { status: 404 }));
    await vi.waitFor(() => expect(page.querySelector('form')).toBeNull());
    expect(page.querySelector('[role=alert]')).toBeNull();
    expect(page.textContent).not.toContain('No keys');
  });
});
