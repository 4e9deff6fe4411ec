// Sessions that stand: watched, worked on several at once, failed and redriven, and a server that dies beneath them.
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { made } from './made';
import { wav } from './media';
import { expect, look, test } from './test';

test('storage that is damaged fails the session; mended, a redrive ends in Done', async ({ page, own }) => {
  const server = await own();
  const file = wav('damaged.wav', 20);
  const id = await made(server, file);
  const objects = readdirSync(join(server.folder, 'objects')).map((name) =>
    join(server.folder, 'objects', name),
  );
  const object = objects.find((path) => readFileSync(path).equals(file.buffer))!;
  const flipped = Buffer.from(file.buffer);
  flipped[2_000_000]! ^= 1;
  writeFileSync(object, flipped);

  await page.goto(`${server.url}/sessions/${id}`);
  await page.getByRole('button', { name: 'Transcode' }).click();
  await expect(page.getByTestId('problem')).toContainText('storage-damaged', { timeout: 40_000 });
  await page
    .getByRole('navigation', { name: 'Views of the session' })
    .getByRole('link', { name: 'Execution' })
    .click();
  await expect(page.getByTestId('broken')).toContainText('Redrive restarts Flac');
  await expect(page.getByRole('button', { name: /^Flac, failed, caught/ })).toBeVisible();
  await expect(page.getByText('Flac, try 3')).toBeVisible();
  await look(page, 'execution-failed');

  writeFileSync(object, file.buffer);
  await page.getByRole('button', { name: 'Redrive' }).click();
  await expect(page.getByText('Attempt 2', { exact: true })).toBeVisible();
  await expect(page.locator('lg-badge')).toHaveText(/Done/);
  await expect(page.getByRole('button', { name: 'Flac, succeeded' })).toBeVisible();
  await page.getByRole('button', { name: 'Attempt 1' }).click();
  await expect(page.getByRole('button', { name: /^Flac, failed, caught/ })).toBeVisible();
});

test('the execution: graph, timeline, events, input and output, export', async ({ page, server }) => {
  const id = await made(server, wav('watched.wav', 2), 'auto');
  await page.goto(`${server.url}/sessions/${id}/execution`);
  await expect(page.getByRole('button', { name: 'Done, succeeded' })).toBeVisible();
  await expect(page.getByRole('button', { name: 'Proxies, not entered' })).toBeVisible();
  await look(page, 'execution');
  const flac = page.getByRole('button', { name: 'Flac, succeeded' });
  await flac.focus();
  await page.keyboard.press('Enter');
  await expect(flac).toHaveAttribute('aria-pressed', 'true');
  await expect(page.getByRole('region', { name: 'Input of Flac' })).toContainText('"sessionId"');
  await expect(page.getByRole('region', { name: 'Output of Flac' })).toContainText('.flac');
  await expect(page.getByRole('table').getByRole('row')).toHaveCount(6);
  await look(page, 'execution-chosen');
  await page.keyboard.press('Space');
  await expect(flac).toHaveAttribute('aria-pressed', 'false');
  const coming = page.waitForEvent('download');
  await page.getByRole('link', { name: 'Export JSON' }).click();
  const history = JSON.parse(readFileSync(await (await coming).path(), 'utf8')) as {
    executions: { events: unknown[] }[];
  };
  expect(history.executions[0]!.events.length).toBeGreaterThan(20);
});

test('a server that is killed in mid-transcode: the page reconnects and ends in Done', async ({
  page,
  own,
  expected,
}) => {
  expected.push(
    /ERR_CONNECTION_REFUSED|ERR_INCOMPLETE_CHUNKED_ENCODING|ERR_EMPTY_RESPONSE|ERR_CONNECTION_RESET/,
  );
  const server = await own();
  // So long that it is in the middle of it when it is killed.
  const id = await made(server, wav('survivor.wav', 300));
  await page.goto(`${server.url}/sessions/${id}`);
  const begun = page.waitForResponse((response) => response.request().method() === 'PUT');
  await page.getByRole('button', { name: 'Transcode' }).click();
  expect((await begun).status()).toBe(202);
  await server.kill();
  await expect(page.getByText('Reconnecting…')).toBeVisible();
  await expect(page.locator('lg-badge')).toHaveText(/Transcoding/);
  await look(page, 'session-reconnecting');
  await server.run();
  await expect(page.getByRole('link', { name: /^Download FLAC/ })).toBeVisible({ timeout: 30_000 });
  await expect(page.getByText('Reconnecting…')).toBeHidden();
  await page.reload();
  await expect(page.locator('lg-badge')).toHaveText(/Done/);
});

test('where no stream can be had the page asks by itself', async ({ page, server, expected }) => {
  expected.push(/Failed to load resource: .* status of 502/);
  await page.route('**/api/sessions/*/events', (route) => route.fulfill({ status: 502 }));
  const id = await made(server, wav('asked.wav', 1));
  await page.goto(`${server.url}/sessions/${id}`);
  await expect(page.getByText('asked every few seconds')).toBeVisible();
  await look(page, 'session-polling');
  // Started elsewhere, and nobody tells.
  expect((await fetch(`${server.url}/xcode/${id}`, { method: 'PUT' })).status).toBe(202);
  await expect(page.getByRole('link', { name: /^Download FLAC/ })).toBeVisible();
});

test('a list: filtered, page by page, and worked on several at once', async ({ page, own }) => {
  const server = await own();
  await page.goto(`${server.url}/sessions`);
  await expect(page.getByText('No sessions yet')).toBeVisible();
  await look(page, 'sessions-empty');
  for (let index = 1; index <= 3; index++) await made(server, wav(`ready ${index}.wav`, 0.2));
  await made(server, wav('done.wav', 0.2), 'auto');
  await page.reload();
  await expect(page.getByRole('row')).toHaveCount(5);
  await page.getByLabel('State').selectOption({ label: 'Ready' });
  await expect(page.getByRole('row')).toHaveCount(4);
  await expect(page).toHaveURL(/state=ReadyToXcode/);
  await page.reload();
  await expect(page.getByRole('row')).toHaveCount(4);

  await page.getByLabel('Choose ready 1.wav').check();
  await page.getByLabel('Choose ready 2.wav').check();
  await look(page, 'sessions-chosen');
  await page.getByRole('button', { name: 'Cancel' }).click();
  await expect(page.getByRole('row')).toHaveCount(2);
  await page.getByLabel('State').selectOption({ label: 'Failed' });
  await expect(page.getByText('The session was cancelled.')).toHaveCount(2);
  await page.getByLabel('Choose all').check();
  await page.getByRole('button', { name: 'Redrive' }).click();
  await page.getByLabel('State').selectOption({ label: 'Done' });
  await expect(page.getByRole('row')).toHaveCount(4);
  await page.getByLabel('State').selectOption({ label: 'All' });
  await look(page, 'sessions');
  await page.getByLabel('Choose done.wav').check();
  await page.getByRole('button', { name: 'Delete' }).click();
  await page.getByRole('group', { name: 'Delete' }).getByRole('button', { name: 'Delete' }).click();
  await expect(page.getByRole('row')).toHaveCount(4);

  const body = JSON.stringify({ fileName: 'many.wav', size: 1, contentType: 'audio/wav' });
  for (let index = 0; index < 30; index++) {
    await fetch(`${server.url}/xfer`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body,
    });
  }
  await page.reload();
  await expect(page.getByRole('row')).toHaveCount(26);
  await page.getByRole('link', { name: 'Older' }).click();
  await expect(page.getByRole('row')).toHaveCount(9);
  await page.goBack();
  await expect(page.getByRole('row')).toHaveCount(26);
});

test('another tab shows the same, and what is done in one is seen in the other', async ({
  page,
  context,
  server,
}) => {
  const id = await made(server, wav('two tabs.wav', 1));
  await page.goto(`${server.url}/sessions/${id}`);
  const other = await context.newPage();
  await other.goto(`${server.url}/sessions/${id}`);
  await other.getByRole('button', { name: 'Transcode' }).click();
  await expect(other.locator('lg-badge')).toHaveText(/Done/);
  await page.bringToFront();
  await expect(page.locator('lg-badge')).toHaveText(/Done/);
  await other.close();
});

test('an answer that is nonsense is told with its request id, and never a blank page', async ({
  page,
  server,
}) => {
  const id = await made(server, wav('nonsense.wav', 0.2));
  let body = '';
  await page.route(`**/api/sessions/${id}`, (route) =>
    route.fulfill({
      ...{ status: 200, body, contentType: 'application/json' },
      headers: { 'X-Request-Id': 'request-of-this-test' },
    }),
  );
  for (body of ['<html>proxy</html>', '{"unexpected":true}', '']) {
    await page.goto(`${server.url}/sessions/${id}`);
    await expect(page.getByRole('alert')).toContainText('request-of-this-test');
  }
  await look(page, 'session-nonsense');
  await expect(page.getByRole('button', { name: 'Try again' })).toBeVisible();
  // It goes on by itself.
  await page.unroute(`**/api/sessions/${id}`);
  await expect(page.getByRole('heading', { level: 1 })).toContainText('nonsense.wav');
});

test('what is not there, and what is no more', async ({ page, server, expected }) => {
  expected.push(/status of (404|410)/);
  await page.goto(`${server.url}/no/such/place`);
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('There is nothing here');
  await look(page, 'not-found');
  await page.goto(`${server.url}/sessions/unknown`);
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('This session is gone');
  await look(page, 'session-gone');
  const id = await made(server, wav('deleted.wav', 0.2));
  await page.goto(`${server.url}/sessions/${id}`);
  await page.getByRole('button', { name: 'Delete…' }).click();
  await page.getByRole('group', { name: 'Delete' }).getByRole('button', { name: 'Delete' }).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Sessions');
  await expect(page.getByRole('link', { name: 'deleted.wav' })).toBeHidden();
});
