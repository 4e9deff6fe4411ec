// A server with accounts: the first admin comes in, invites somebody, and each sees what is theirs.
import type { Page } from '@playwright/test';

import { wav } from './media';
import { Server } from './server';
import { choose, expect, goTo, look, test, tooSmall } from './test';

const PASSWORD = 'correct horse battery';

/** What the console says of an answer that refuses somebody; here it is meant to. */
const REFUSED = /Failed to load resource: .* status of 40[13]/;

async function signIn(page: Page, name: string, password = PASSWORD): Promise<void> {
  await page.getByLabel('Name').fill(name);
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Sign in' }).click();
}

async function accept(page: Page, url: string): Promise<void> {
  await page.goto(url);
  await page.getByLabel('New password').fill(PASSWORD);
  await page.getByRole('button', { name: 'Set it and sign in' }).click();
  await expect(page.getByRole('heading', { level: 1 })).toContainText('Convert');
}

test('the first admin invites a user; each is in, sees what is theirs, and is out again', async ({
  page,
  browser,
  expected,
}) => {
  test.slow();
  expected.push(REFUSED);
  const server = await Server.start('', {}, 'accounts = true\n');
  try {
    await page.goto(server.invitation!);
    await look(page, 'invitation');
    await accept(page, server.invitation!);
    await goTo(page, 'Users');
    await page.getByLabel('Name, which stays for ever').fill('ada');
    await page.getByRole('button', { name: 'Add and invite' }).click();
    const shown = page.getByTestId('invitation');
    await expect(shown).toContainText('ada sets a password');
    await look(page, 'users');
    // An admin has all the places there are, and they take two rows at most.
    await page.setViewportSize({ width: 320, height: 640 });
    expect((await page.locator('header').boundingBox())!.height).toBeLessThan(100);
    expect(await tooSmall(page)).toEqual([]);
    await page.setViewportSize({ width: 1280, height: 800 });
    const invitation = (await shown.locator('code').textContent())!.trim();
    await page.getByRole('button', { name: 'I have sent it' }).click();
    await expect(shown).toHaveCount(0);

    const hers = await (await browser.newContext()).newPage();
    await accept(hers, invitation);
    await expect(hers.getByRole('link', { name: 'Users' })).toHaveCount(0);
    await choose(hers, wav('hers.wav', 2));
    await hers.getByRole('button', { name: /^Upload 1/ }).click();
    await hers.getByRole('button', { name: 'Transcode hers.wav' }).click();
    await hers.getByRole('link', { name: 'Results of hers.wav' }).click();
    await expect(hers.getByRole('img', { name: 'Waveform' })).toBeVisible();
    const address = hers.url();

    // He sees it when he asks for everybody's, and not among his own.
    await goTo(page, 'Sessions');
    await expect(page.getByText('No sessions yet')).toBeVisible();
    await page.getByTestId('owner').selectOption({ label: "Everybody's" });
    await expect(page.getByRole('row', { name: /hers\.wav/ })).toContainText('ada');
    await look(page, 'everybodys-sessions');

    // A reload comes back by the cookie; a sign-out is for good.
    await hers.reload();
    await expect(hers.getByRole('img', { name: 'Waveform' })).toBeVisible();
    await hers.getByRole('button', { name: 'Sign out' }).click();
    await expect(hers.getByRole('heading', { level: 1 })).toHaveText('Sign in');
    await hers.goto(address);
    await expect(hers.getByRole('heading', { level: 1 })).toHaveText('Sign in');
    await look(hers, 'sign-in');
    await signIn(hers, 'ada', 'a wrong password');
    await expect(hers.getByRole('alert')).toContainText('do not belong together');
    await look(hers, 'sign-in-refused');
    await signIn(hers, 'ada');
    await expect(hers).toHaveURL(address);
    await hers.close();

    // Who is disabled is out, wherever they are.
    await goTo(page, 'Users');
    await page.getByRole('button', { name: 'Disable ada' }).click();
    await expect(page.getByRole('listitem').filter({ hasText: 'ada' })).toContainText('disabled');
  } finally {
    await page.close(); // it would complain that its server is gone
    await server.end();
  }
});

test('an account: a key that is shown once, a new password, and out everywhere', async ({
  page,
  browser,
  expected,
}) => {
  expected.push(REFUSED);
  const server = await Server.start('', {}, 'accounts = true\n');
  try {
    await accept(page, server.invitation!);
    await page.getByRole('link', { name: 'Account of admin' }).click();
    await page.getByLabel('What the key is called').fill('a machine');
    await page.getByRole('button', { name: 'Make a key' }).click();
    const secret = (await page.getByTestId('secret').locator('code').textContent())!.trim();
    await look(page, 'account');
    const asked = (key: string) =>
      fetch(`${server.url}/api/sessions`, { headers: { Authorization: `Bearer ${key}` } });
    expect((await asked(secret)).status).toBe(200);
    await page.getByRole('button', { name: 'I have put it away' }).click();
    await expect(page.getByTestId('secret')).toHaveCount(0);
    expect(await page.content()).not.toContain(secret);
    await page.getByRole('button', { name: 'Revoke a machine' }).click();
    await expect(page.getByText('No keys.')).toBeVisible();
    expect((await asked(secret)).status).toBe(401);

    await page.getByLabel('Current password').fill('a wrong password');
    await page.getByLabel('New password, 12 characters at least').fill('staple, and another');
    await page.getByRole('button', { name: 'Change the password' }).click();
    await expect(page.getByRole('alert')).toContainText('not right');
    await page.getByLabel('Current password').fill(PASSWORD);
    await page.getByRole('button', { name: 'Change the password' }).click();
    await expect(page.getByText('The password was changed.')).toBeVisible();

    // Signed out elsewhere, this page finds out with its next request, and comes back to where it was.
    const elsewhere = await (await browser.newContext()).newPage();
    await elsewhere.goto(server.url);
    await signIn(elsewhere, 'admin', 'staple, and another');
    await elsewhere.getByRole('link', { name: 'Account of admin' }).click();
    await elsewhere.getByRole('button', { name: 'Sign out everywhere' }).click();
    await expect(elsewhere.getByRole('heading', { level: 1 })).toHaveText('Sign in');
    await elsewhere.close();
    await goTo(page, 'Sessions');
    await expect(page.getByRole('heading', { level: 1 })).toHaveText('Sign in');
    await signIn(page, 'admin', 'staple, and another');
    await expect(page).toHaveURL(/\/sessions$/);
  } finally {
    await page.close(); // it would complain that its server is gone
    await server.end();
  }
});
