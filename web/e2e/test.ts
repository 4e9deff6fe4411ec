// What every browser test stands on: a server, a page whose console must stay silent, and a look at each state of it.
import AxeBuilder from '@axe-core/playwright';
import { type Locator, type Page, test as base, expect } from '@playwright/test';

import type { Upload } from './media';
import { Server } from './server';

interface ForTest {
  /** What the console may say in this test, since the test makes it so. */
  expected: RegExp[];
  /** A server of this test's own. */
  own: (patience?: string, environment?: NodeJS.ProcessEnv) => Promise<Server>;
  complaints: void;
}

interface ForWorker {
  server: Server;
}

export const test = base.extend<ForTest, ForWorker>({
  server: [
    async ({}, use) => {
      const server = await Server.start();
      await use(server);
      await server.end();
    },
    { scope: 'worker' },
  ],
  own: async ({ page }, use) => {
    const servers: Server[] = [];
    await use(async (patience, environment) => {
      const server = await Server.start(patience, environment);
      servers.push(server);
      return server;
    });
    await page.close(); // it would complain that its server is gone
    for (const server of servers) await server.end();
  },
  expected: async ({}, use) => {
    await use([]);
  },
  complaints: [
    async ({ page, expected }, use) => {
      const heard: string[] = [];
      page.on('console', (message) => {
        if (message.type() === 'error' || message.type() === 'warning')
          heard.push(`${message.type()}: ${message.text()}`);
      });
      page.on('pageerror', (error) => heard.push(`thrown: ${error.message}`));
      await use();
      expect(heard.filter((line) => !expected.some((pattern) => pattern.test(line)))).toEqual([]);
    },
    { auto: true },
  ],
});

export { expect };

/** Puts files into the drop zone's input. */
export async function choose(page: Page, ...files: Upload[]): Promise<void> {
  await page.getByLabel(/^(Choose|Add) files$/).setInputFiles(files);
}

/** Drops files as a hand with a mouse does. */
export async function drop(page: Page, ...files: Upload[]): Promise<void> {
  const data = files.map(({ name, mimeType, buffer }) => ({
    name,
    mimeType,
    text: buffer.toString('base64'),
  }));
  const transfer = await page.evaluateHandle((all) => {
    const dropped = new DataTransfer();
    for (const { name, mimeType, text } of all) {
      const bytes = Uint8Array.from(atob(text), (sign) => sign.charCodeAt(0));
      dropped.items.add(new File([bytes], name, { type: mimeType }));
    }
    return dropped;
  }, data);
  const zone = page.locator('lg-drop-zone');
  await zone.dispatchEvent('dragover', { dataTransfer: transfer });
  await zone.dispatchEvent('drop', { dataTransfer: transfer });
}

type Place = 'Convert' | 'Sessions' | 'Webhooks' | 'Users' | 'Flags' | 'Health';

/** The way to a page, from the frame around all of them. */
export async function goTo(page: Page, name: Place): Promise<void> {
  await page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name }).click();
}

export type Network = (upload: number, offline?: boolean) => Promise<void>;

/** Sets how many bytes a second go out; -1 is as many as there can be. */
export async function network(page: Page): Promise<Network> {
  const devtools = await page.context().newCDPSession(page);
  await devtools.send('Network.enable');
  return async (uploadThroughput, offline = false) => {
    const conditions = { offline, latency: 0, downloadThroughput: -1, uploadThroughput };
    await devtools.send('Network.emulateNetworkConditions', conditions);
  };
}

export function row(page: Page, name: string): Locator {
  return page.getByRole('listitem').filter({ hasText: name });
}

/** What is pressed and smaller than 44 px. */
export async function tooSmall(page: Page): Promise<string[]> {
  return page.evaluate(() =>
    [
      ...document.querySelectorAll(
        'main :is(button, .button, select, summary), nav a, .brand, label.check, label.target',
      ),
    ]
      .map((element) => ({
        text: element.textContent!.trim().slice(0, 40),
        box: element.getBoundingClientRect(),
      }))
      .filter(({ box }) => box.width > 0 && (box.height < 44 || box.width < 44))
      .map(({ text, box }) => `${text}: ${box.width} × ${box.height}`),
  );
}

const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

/** Looks at the page as it is now, light and dark, wide and narrow: no violation, nothing wider than the screen. */
export async function look(page: Page, name: string): Promise<void> {
  const before = page.viewportSize()!;
  for (const scheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme: scheme, reducedMotion: 'reduce' });
    for (const size of [
      { width: 1280, height: 800 },
      { width: 320, height: 640 },
    ]) {
      await page.setViewportSize(size);
      await page.screenshot({ path: `screenshots/${name}-${scheme}-${size.width}.png`, fullPage: true });
      const width = await page.evaluate(() => document.documentElement.scrollWidth);
      expect(width, `${name} at ${size.width} px`).toBeLessThanOrEqual(size.width);
    }
    await page.setViewportSize(before);
    const { violations } = await new AxeBuilder({ page }).withTags(RULES).analyze();
    expect(
      violations.map(({ id, nodes }) => [id, nodes.map((node) => node.html)]),
      `${name}, ${scheme}`,
    ).toEqual([]);
  }
}
