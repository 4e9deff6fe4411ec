// Who is told what became of a session: added, tried out, told again, and what is in the log of it.
import { type Server as Http, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

import { Server } from './server';
import { expect, goTo, look, test, tooSmall } from './test';

interface Told {
  id: string;
  signatures: number;
  body: { type: string };
}

/** Somebody who is told, and answers with what it is told to. */
async function receiver(): Promise<{
  url: string;
  told: Told[];
  answer: { status: number };
  end: () => void;
}> {
  const told: Told[] = [];
  const answer = { status: 200 };
  const http: Http = createServer(async (request, response) => {
    let text = '';
    for await (const part of request) text += String(part);
    const signatures = String(request.headers['webhook-signature']).split(' ').length;
    told.push({ id: String(request.headers['webhook-id']), signatures, body: JSON.parse(text) });
    response.writeHead(answer.status).end(answer.status < 300 ? 'thank you' : 'not now');
  });
  await new Promise<void>((done) => http.listen(0, '127.0.0.1', done));
  const { port } = http.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}/lockgate`, told, answer, end: () => http.close() };
}

test('a webhook is added, tried, told again, given a new secret, switched off and removed', async ({
  page,
}) => {
  test.slow();
  const local = '[webhooks]\nallow-local = true\nschedule = [0, 300]\n';
  const server = await Server.start('', {}, local);
  const there = await receiver();
  try {
    await page.goto(server.url);
    await goTo(page, 'Webhooks');
    await expect(page.getByRole('heading', { level: 1 })).toBeFocused();
    await expect(page.getByText('No webhooks.')).toBeVisible();
    await page.getByLabel('Address').fill(there.url);
    await page.getByLabel('What it is for').fill('A receiver of the tests');
    await page.getByRole('button', { name: 'Add', exact: true }).click();
    const shown = page.getByTestId('secret');
    await expect(shown).toContainText('whsec_');
    const secret = (await shown.locator('code').textContent())!.trim();
    await look(page, 'webhooks');
    expect(await tooSmall(page)).toEqual([]);
    await page.getByRole('button', { name: 'I have put it away' }).click();
    await expect(shown).toHaveCount(0);
    expect(await page.content()).not.toContain(secret);

    await page.getByRole('button', { name: /^Send a test/ }).click();
    await page.getByRole('link', { name: 'What came of it is in the log.' }).click();
    await expect(page.getByRole('heading', { level: 1 })).toBeFocused();
    const entries = page.locator('.log > li');
    await expect(entries.first()).toContainText('Delivered');
    await expect(entries.first()).toContainText(/answered 200 in .*thank you/);
    expect(there.told).toHaveLength(1);

    there.answer.status = 500;
    await entries
      .first()
      .getByRole('button', { name: /^Tell again/ })
      .click();
    await expect(page.getByText('It is told again')).toBeVisible();
    await expect(entries).toHaveCount(2);
    await expect(entries.first()).toContainText(/answered 500/);
    await expect(entries.first()).toContainText('The next try');
    await entries.first().getByText('What is sent').click();
    await look(page, 'webhook-log');
    expect(await tooSmall(page)).toEqual([]);
    expect(there.told[1]).toMatchObject({ id: there.told[0]!.id, body: { type: 'session.done' } });
    await page.getByLabel('Show').selectOption({ label: 'Delivered' });
    await expect(page).toHaveURL(/state=delivered/);
    await expect(entries).toHaveCount(1);

    await page.getByText('Tell a time again').click();
    await page.getByLabel('From').fill('2026-01-01T00:00');
    await page.getByRole('combobox', { name: 'What', exact: true }).selectOption('What was delivered');
    await page.getByRole('button', { name: 'Tell it again' }).click();
    await expect(page.getByText(/^1.message told again/)).toBeVisible();
    await look(page, 'webhook-replay');

    await page.getByRole('link', { name: 'Webhooks' }).last().click();
    const row = page.locator('lg-webhook-row');
    await expect(row).toContainText('Nothing could be delivered since');
    await page.getByRole('button', { name: /^Edit/ }).click();
    await row.getByLabel('What it is for').fill('A receiver that is changed');
    await row.getByLabel('A session has failed').check();
    await look(page, 'webhook-edit');
    expect(await tooSmall(page)).toEqual([]);
    await row.getByRole('button', { name: 'Save' }).press('Enter');
    await expect(row).toContainText('A receiver that is changed');
    await expect(row).toContainText('A session has failed');
    await expect(page.getByRole('button', { name: /^Edit/ })).toBeFocused();
    await page.getByRole('button', { name: /^New secret/ }).click();
    await expect(shown).toContainText('the one before signs them too');
    there.answer.status = 200;
    await page.getByRole('button', { name: /^Send a test/ }).click();
    await expect.poll(() => there.told.length).toBe(4);
    expect(there.told[3]!.signatures).toBe(2);
    await look(page, 'webhooks-failing');

    await page.getByRole('button', { name: /^Switch off/ }).click();
    await expect(row.locator('lg-badge')).toHaveText('Off');
    await page.getByRole('button', { name: /^Switch on/ }).click();
    await expect(row.locator('lg-badge')).toHaveText('On');
    await page.getByRole('button', { name: /^Remove/ }).click();
    await expect(page.getByRole('button', { name: /^Keep/ })).toBeFocused();
    await page.getByRole('button', { name: /^Yes, remove/ }).click();
    await expect(page.getByText('No webhooks.')).toBeVisible();
  } finally {
    there.end();
    await page.close(); // it would complain that its server is gone
    await server.end();
  }
});

test('the log of a webhook goes page by page', async ({ page }) => {
  const server = await Server.start('', {}, '[webhooks]\nallow-local = true\n');
  const there = await receiver();
  try {
    const ask = (path: string, body: object) =>
      fetch(`${server.url}/api/webhooks${path}`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify(body),
      });
    const { webhookId } = await (await ask('', { url: there.url })).json();
    for (let times = 0; times < 22; times++) expect((await ask(`/${webhookId}/test`, {})).status).toBe(202);
    await page.goto(`${server.url}/webhooks/${webhookId}`);
    const entries = page.locator('.log > li');
    await expect(entries).toHaveCount(20);
    await page.getByRole('link', { name: 'Older' }).click();
    await expect(entries).toHaveCount(2);
    await page.getByRole('link', { name: 'Newest' }).click();
    await expect(entries).toHaveCount(20);
  } finally {
    there.end();
    await page.close(); // it would complain that its server is gone
    await server.end();
  }
});
