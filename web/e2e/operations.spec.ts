// What is looked after while the server runs: its flags, and how it is doing.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { Page } from '@playwright/test';

import { type Upload, wav } from './media';
import { Server } from './server';
import { choose, expect, goTo, look, test, tooSmall } from './test';

async function flagsOf(server: Server): Promise<{ flags: Record<string, unknown>; revision: string }> {
  return (await fetch(`${server.url}/api/flags`)).json();
}

async function putFlags(server: Server, flags: unknown): Promise<void> {
  const { revision } = await flagsOf(server);
  const headers = { 'Content-Type': 'application/json' };
  const body = JSON.stringify({ flags, revision });
  expect((await fetch(`${server.url}/api/flags`, { method: 'PUT', headers, body })).status).toBe(200);
}

/** Has a file converted, past the page. */
async function convert(server: Server, { name, mimeType, buffer }: Upload): Promise<void> {
  const asked = { fileName: name, size: buffer.length, contentType: mimeType, start: 'auto' };
  const headers = { 'Content-Type': 'application/json' };
  const made = await fetch(`${server.url}/xfer`, { method: 'POST', headers, body: JSON.stringify(asked) });
  const { upload } = (await made.json()) as { upload: { method: string; url: string; headers: HeadersInit } };
  const { method, url, headers: signed } = upload;
  expect((await fetch(url, { method, headers: signed, body: new Uint8Array(buffer) })).status).toBe(200);
}

async function save(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Save' }).click();
}

test('flags: a recipe is switched off with a reason, capped, and all of it put back', async ({
  page,
  own,
}) => {
  const server = await own();
  await putFlags(server, {
    recipes: { flac: { options: { level: 'best' } } },
    users: { named: { ada: {} } },
  });
  const before = (await flagsOf(server)).flags;
  await page.goto(server.url);
  await goTo(page, 'Flags');
  await expect(page.getByRole('heading', { level: 1 })).toBeFocused();
  await look(page, 'flags');
  expect(await tooSmall(page)).toEqual([]);

  const flac = page.getByRole('group', { name: 'Any sound to FLAC, without loss' });
  await expect(flac).toContainText('level = best');
  await flac.getByRole('button', { name: 'Options where a session says nothing' }).click();
  await expect(flac.getByLabel('Level')).toHaveValue('best');
  await flac.getByLabel('Level').selectOption('fast');
  await look(page, 'flags-options');
  expect(await tooSmall(page)).toEqual([]);
  await flac.getByLabel('On').uncheck();
  await flac.getByLabel('Why it is off').fill('The fan is loud.');
  await flac.getByLabel('Largest file').fill('1.5');
  const everyone = page.getByRole('group', { name: 'Everyone' });
  await everyone.getByLabel('Sessions at work').fill('2');
  await page.getByRole('button', { name: 'Remove ada' }).click();
  await page.getByLabel('Another user, by name').fill('eve');
  await page.getByRole('button', { name: 'Add a user' }).click();
  const eve = page.getByRole('group', { name: 'eve', exact: true });
  await eve.getByLabel('Megabytes').fill('0.000001');
  await save(page);
  const told = page.getByTestId('told');
  await expect(told).toContainText('Saved: 6 flags');
  await expect(told).toContainText('recipes.flac.reason was not said, is "The fan is loud."');
  await look(page, 'flags-saved');
  expect((await flagsOf(server)).flags).toEqual({
    maintenance: { on: false, retry: 300 },
    recipes: {
      flac: { on: false, reason: 'The fan is loud.', bytes: 1_500_000, options: { level: 'fast' } },
    },
    users: { everyone: { concurrent: 2 }, named: { eve: { bytes: 1 } } },
  });

  await goTo(page, 'Convert');
  await choose(page, wav('one.wav', 1));
  await expect(page.getByText('The fan is loud.').first()).toBeVisible();

  await goTo(page, 'Flags');
  await page.getByLabel('Take nothing new').check();
  await page.getByLabel('Why, for whoever is refused').fill('The disks are being moved.');
  await save(page);
  await expect(told).toContainText('Saved: 2 flags');
  await page.getByRole('button', { name: 'Put back what was before' }).click();
  await expect(told).toContainText('Put back: 2 flags');
  await expect(page.getByLabel('Take nothing new')).not.toBeChecked();
  await flac.getByLabel('On').check();
  await save(page);
  await expect(told).toContainText('recipes.flac.on was false, is true');
  expect(before['maintenance']).toEqual((await flagsOf(server)).flags['maintenance']);
});

test('flags that somebody else has changed are told, and what was typed stays', async ({
  page,
  own,
  expected,
}) => {
  expected.push(/Failed to load resource: .* status of 409/);
  const server = await own();
  await page.goto(`${server.url}/flags`);
  await page.getByLabel('Why, for whoever is refused').fill('Mine.');
  await page.getByLabel('Take nothing new').check();
  await putFlags(server, { maintenance: { retry: 60 }, recipes: { video: { on: false } } });
  page.once('dialog', (dialog) => dialog.dismiss());
  await goTo(page, 'Convert');
  await expect(page.getByLabel('Why, for whoever is refused')).toHaveValue('Mine.');
  await save(page);
  await expect(page.getByRole('alert')).toContainText('Somebody else has changed the flags');
  await look(page, 'flags-changed');
  await page.getByRole('button', { name: 'Read theirs, keep what I typed' }).press('Enter');
  await expect(page.getByTestId('told')).toContainText('Changed by somebody else: 2 flags');
  await expect(page.getByLabel('Why, for whoever is refused')).toHaveValue('Mine.');
  await expect(page.getByLabel('To try again after')).toHaveValue('60');
  await expect(page.getByRole('button', { name: 'Save' })).toBeFocused();
  await save(page);
  await expect(page.getByTestId('told')).toContainText('Saved: 2 flags');
  const { flags } = await flagsOf(server);
  expect(flags['maintenance']).toEqual({ on: true, reason: 'Mine.', retry: 60 });
  expect(flags['recipes']).toEqual({ video: { on: false } });

  // A file that nobody can read is told; what it held before still holds.
  await writeFile(join(server.folder, 'flags.toml'), 'maintenance = "yes"\n');
  await page.reload();
  await expect(page.getByRole('alert')).toContainText('cannot be read');
  await expect(page.getByLabel('Take nothing new')).toBeChecked();
  await look(page, 'flags-trouble');
});

test('health: what the meters say, read again while one looks', async ({ page, own, expected }) => {
  expected.push(/Failed to load resource: net::ERR_CONNECTION_REFUSED/);
  const server = await own();
  await page.goto(server.url);
  await goTo(page, 'Health');
  await expect(page.getByRole('heading', { level: 1 })).toBeFocused();
  const flac = page.getByRole('row', { name: /^flac/ });
  await expect(flac.getByRole('cell')).toHaveText(['0', '0', '0', '0', '0', '0']);
  await expect(page.getByText('None since the server was started.').first()).toBeVisible();

  await convert(server, wav('a.wav', 1));
  await convert(server, { name: 'b.wav', mimeType: 'audio/wav', buffer: Buffer.from('no sound') });

  // Nothing is pressed here: it is read again by itself.
  await expect(flac.getByRole('cell')).toHaveText(['0', '0', '0', '1', '1', '2']);
  await expect(page.getByRole('link', { name: 'unsupported-media' })).toBeVisible();
  await expect(page.getByRole('row', { name: /^journal/ })).toContainText('ms');
  await expect(page.getByText('Files and results')).toBeVisible();
  await look(page, 'health');
  expect(await tooSmall(page)).toEqual([]);

  await server.kill();
  await expect(page.getByRole('alert')).toContainText('No answer');
  await expect(flac.getByRole('cell').last()).toHaveText('2');
});

test('who is no admin has no way to flags and health, and is told so', async ({ page, expected }) => {
  expected.push(/Failed to load resource: .* status of 40[13]/);
  const server = await Server.start('', {}, 'accounts = true\n');
  const password = 'correct horse battery';
  try {
    await page.goto(server.invitation!);
    await page.getByLabel('New password').fill(password);
    await page.getByRole('button', { name: 'Set it and sign in' }).click();
    await goTo(page, 'Health');
    await expect(page.getByRole('row', { name: /^flac/ })).toBeVisible();
    await goTo(page, 'Users');
    await page.getByLabel('Name, which stays for ever').fill('ada');
    await page.getByRole('button', { name: 'Add and invite' }).click();
    const invitation = (await page.getByTestId('invitation').locator('code').textContent())!.trim();
    await look(page, 'admin-navigation');
    await goTo(page, 'Flags');
    await expect(page.locator('datalist option[value=ada]')).toBeAttached();
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.goto(invitation);
    await page.getByLabel('New password').fill(password);
    await page.getByRole('button', { name: 'Set it and sign in' }).click();
    await expect(page.getByRole('link', { name: 'Account of ada' })).toBeVisible();
    await expect(page.getByRole('link', { name: /^(Flags|Health|Users)$/ })).toHaveCount(0);
    for (const place of ['/flags', '/health']) {
      await page.goto(server.url + place);
      await expect(page.getByRole('alert')).toContainText('403');
    }
    await page.getByRole('link', { name: 'Account of ada' }).click();
    await page.getByRole('link', { name: 'Webhooks of yours' }).click();
    await expect(page.getByText('No webhooks.')).toBeVisible();
  } finally {
    await page.close(); // it would complain that its server is gone
    await server.end();
  }
});
