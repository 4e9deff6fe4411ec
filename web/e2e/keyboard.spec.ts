// The whole way by keyboard, and where the focus goes.
import { wav } from './media';
import { expect, test, tooSmall } from './test';

test('a file goes all the way by keyboard alone', async ({ page, server }) => {
  // From the beginning on, so that the browser knows to ask us when the key is pressed.
  const chooser = page.waitForEvent('filechooser');
  await page.goto(server.url);
  await page.getByLabel('Choose files').waitFor();
  const focused = () =>
    page.evaluate(() =>
      (
        document.activeElement?.getAttribute('aria-label') ??
        document.activeElement?.textContent ??
        ''
      ).trim(),
    );
  const order: string[] = [];
  /** Tab until `name` has the focus; what was passed must come in the order it is read in. */
  const reach = async (name: RegExp) => {
    for (let steps = 0; steps < 30; steps++) {
      await page.keyboard.press('Tab');
      const now = await focused();
      order.push(now);
      if (name.test(now)) return;
    }
    throw new Error(`${name} cannot be reached: ${order.join(' | ')}`);
  };
  await reach(/^Skip to the content$/);
  await page.keyboard.press('Enter');
  expect(await page.evaluate(() => document.activeElement?.id)).toBe('main');
  await reach(/^Choose files$/);
  await page.keyboard.press('Enter');
  await (await chooser).setFiles({ ...wav('by key.wav', 1) });
  await reach(/^Remove by key\.wav$/);
  await reach(/^Upload 1\sfile$/);
  await page.keyboard.press('Enter');
  const transcode = page.getByRole('button', { name: 'Transcode by key.wav' });
  await transcode.waitFor();
  await page.keyboard.press('Shift+Tab');
  for (let steps = 0; steps < 12 && !/^Transcode by key/.test(await focused()); steps++)
    await page.keyboard.press('Shift+Tab');
  await page.keyboard.press('Enter');
  // The button goes with what it did; the focus stays in the row.
  await page.getByRole('link', { name: 'Results of by key.wav' }).waitFor();
  expect(await focused()).toBe('by key.wav');
  await reach(/^Results of by key\.wav$/);
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { level: 1 })).toBeFocused();
  await expect(page).toHaveTitle('by key.wav – Lockgate');
  await reach(/^Execution$/);
  await page.keyboard.press('Enter');
  await reach(/^Begin, succeeded$/);
  await page.keyboard.press('Enter');
  await expect(page.getByRole('region', { name: 'Input of Begin' })).toBeVisible();
});

test('whatever is pressed is at least 44 px, on a phone too', async ({ page, server }) => {
  await page.setViewportSize({ width: 320, height: 640 });
  for (const place of ['/', '/sessions', '/nowhere']) {
    await page.goto(server.url + place);
    await page.getByRole('heading', { level: 1 }).waitFor();
    expect(await tooSmall(page), place).toEqual([]);
  }
});
