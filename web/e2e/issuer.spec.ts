// People of an issuer: they sign in there, come back to where they wanted to go, and stay until they sign out.
import { Issuer } from './issuer';
import { wav } from './media';
import { Server } from './server';
import { choose, expect, goTo, look, test } from './test';

/** What the console says of asking who one is before one has signed in. */
const NOT_YET = /Failed to load resource: .* status of 40[14]/;

test('people of an issuer sign in there, and are out again everywhere', async ({ page, expected }) => {
  test.slow();
  expected.push(NOT_YET);
  const issuer = await Issuer.open();
  const server = await Server.start('', {}, issuer.configuration);
  try {
    await page.goto(`${server.url}/sessions?state=Done`);
    await expect(page.getByText(`You sign in at ${new URL(issuer.url).host}`)).toBeVisible();
    await look(page, 'sign-in-issuer');

    // Refused, in plain words, and with a way to try again.
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('link', { name: 'Rather not' }).click();
    await expect(page.getByRole('alert')).toContainText('You were not let in');
    await look(page, 'sign-in-refused-issuer');
    await page.goto(`${server.url}/sessions?state=Done`);
    await page.getByRole('button', { name: 'Sign in' }).click();

    // Its first token has ended before it comes: the page fetches the next by itself.
    issuer.lifetime = -120;
    await page.getByRole('link', { name: 'Let me in' }).click();
    await expect(page).toHaveURL(`${server.url}/sessions?state=Done`);
    await expect(page.getByRole('link', { name: 'Account of ada@example.org' })).toBeVisible();
    expect(issuer.fetched).toEqual(['authorization_code', 'refresh_token']);
    await goTo(page, 'Convert');
    await choose(page, wav('a.wav', 1));
    await page.getByRole('button', { name: /^Upload 1/ }).click();
    await page.getByRole('button', { name: 'Transcode a.wav' }).click();
    await page.getByRole('link', { name: 'Results of a.wav' }).click();
    await expect(page.getByRole('img', { name: 'Waveform' })).toBeVisible();
    const place = page.url();

    // Another load of the page is in by itself: the issuer remembers.
    await page.reload();
    await expect(page.getByRole('img', { name: 'Waveform' })).toBeVisible();
    expect(page.url()).toBe(place);
    await page.getByRole('link', { name: /^Account of/ }).click();
    await look(page, 'account-issuer');
    await expect(page.getByLabel('Current password')).toHaveCount(0);

    // Out in one tab is out in the other, and at the issuer's.
    const other = await page.context().newPage();
    await other.goto(place);
    await expect(other.getByRole('img', { name: 'Waveform' })).toBeVisible();
    await page.getByRole('main').getByRole('button', { name: 'Sign out' }).click();
    for (const tab of [page, other]) {
      await expect(tab.getByRole('heading', { level: 1 })).toHaveText('Sign in');
      await expect(tab.getByText('You sign in at')).toBeVisible();
    }
    await page.getByRole('button', { name: 'Sign in' }).click();
    await expect(page.getByRole('link', { name: 'Let me in' })).toBeVisible();
  } finally {
    await page.close();
    issuer.close();
    await server.end();
  }
});
