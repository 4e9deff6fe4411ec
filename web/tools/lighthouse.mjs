// Lighthouse on the pages of a running binary, as a report: `node tools/lighthouse.mjs PROGRAM`. It is fetched for it.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const VERSION = '13.5.0';
const PLACES = ['/', '/sessions', '/nowhere'];
const browser = [process.env.CHROMIUM, '/usr/bin/chromium', '/usr/bin/google-chrome'].find(
  (path) => path && existsSync(path),
);

const data = mkdtempSync(join(tmpdir(), 'lockgate-lighthouse-'));
const listen = ['--listen', '127.0.0.1:0', '--s3-listen', '127.0.0.1:0', '--data', data, '--json'];
const server = spawn(process.argv[2], ['serve', ...listen], { stdio: ['ignore', 'pipe', 'ignore'] });
let failed = false;
try {
  const { value: line } = await createInterface({ input: server.stdout })[Symbol.asyncIterator]().next();
  const { url } = JSON.parse(line);
  for (const place of PLACES) {
    const report = join(data, 'report.json');
    const flags = [
      '--quiet',
      '--output=json',
      `--output-path=${report}`,
      '--chrome-flags=--headless=new --no-sandbox',
    ];
    const run = spawnSync('npx', ['--yes', `lighthouse@${VERSION}`, url + place, ...flags], {
      stdio: ['ignore', 'inherit', 'inherit'],
      env: { ...process.env, CHROME_PATH: browser },
    });
    if (run.status !== 0) throw new Error(`Lighthouse ended with ${run.status}`);
    const { categories, audits } = JSON.parse(readFileSync(report, 'utf8'));
    const scores = Object.values(categories).map(({ title, score }) => `${title} ${score}`);
    console.log(`${place}: ${scores.join(', ')}`);
    for (const { id, score, title } of Object.values(audits)) {
      if (score !== null && score < 0.9) console.log(`    ${id} ${score}: ${title}`);
    }
  }
} catch (error) {
  console.error(error);
  failed = true;
} finally {
  server.kill('SIGKILL');
  rmSync(data, { recursive: true, force: true });
}
process.exit(failed ? 1 : 0);
