// Browser tests against the real binary; see `e2e/server.ts` for how it is started.
import { existsSync } from 'node:fs';

import { defineConfig } from '@playwright/test';

const BROWSERS = [process.env['CHROMIUM'], '/usr/bin/chromium', '/usr/bin/google-chrome'];
const browser = BROWSERS.find((path) => path && existsSync(path));
if (!browser) throw new Error('There is no Chromium: `make tools` installs it.');

export default defineConfig({
  testDir: 'e2e',
  outputDir: 'test-results',
  fullyParallel: true,
  workers: 2,
  retries: 0,
  forbidOnly: true,
  timeout: 60_000,
  expect: { timeout: 15_000 },
  reporter: [['list']],
  use: {
    viewport: { width: 1280, height: 800 },
    launchOptions: { executablePath: browser, args: ['--no-sandbox'] },
    testIdAttribute: 'data-test',
    trace: 'off',
  },
});
