// From a file to its result, by every way in, and what is said of what cannot be.
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';

import { noWav, png, wav } from './media';
import { choose, drop, expect, goTo, look, network, row, test } from './test';

test('a WAV is dropped, uploaded with true progress, transcoded, heard and taken away', async ({
  page,
  server,
}, info) => {
  await page.goto(server.url);
  await expect(page.getByText('up to 100 MB')).toBeVisible();
  await look(page, 'convert-empty');
  // Slow enough that the way is seen, and not only its end.
  const speed = await network(page);
  await choose(page, wav('slow song.wav', 120));
  await speed(3_000_000);
  await page.getByRole('button', { name: /^Upload 1/ }).click();
  const bar = page.getByRole('progressbar', { name: 'Upload of slow song.wav' });
  const seen: number[] = [];
  await expect(async () => {
    const now = await bar.getAttribute('aria-valuenow', { timeout: 500 }).catch(() => null);
    if (now !== null) seen.push(Number(now));
    expect(new Set(seen.filter((percent) => percent > 0 && percent < 100)).size).toBeGreaterThanOrEqual(2);
  }).toPass({ intervals: [50] });
  expect(seen).toEqual([...seen].sort((a, b) => a - b));
  await look(page, 'convert-uploading');
  await speed(-1);
  await page.getByRole('button', { name: 'Transcode slow song.wav' }).click();
  await expect(row(page, 'slow song.wav').getByText('Done')).toBeVisible();
  await look(page, 'convert-done');

  await row(page, 'slow song.wav').getByRole('link', { name: 'Results of slow song.wav' }).click();
  await expect(page.getByRole('heading', { level: 1 })).toBeFocused();
  await expect(page.getByRole('img', { name: 'Waveform' })).toBeVisible();
  await expect(page.getByText('It was read back and decodes to the MD5 it states.')).toBeVisible();
  const player = page.locator('audio');
  await expect.poll(() => player.evaluate((audio: HTMLAudioElement) => audio.duration)).toBeCloseTo(120, 0);
  await player.evaluate(async (audio: HTMLAudioElement) => {
    audio.muted = true;
    await audio.play();
  });
  await expect.poll(() => player.evaluate((audio: HTMLAudioElement) => audio.currentTime)).toBeGreaterThan(0);
  await player.evaluate((audio: HTMLAudioElement) => audio.pause());
  await look(page, 'session-sound');

  const coming = page.waitForEvent('download');
  await page.getByRole('link', { name: /^Download FLAC \(\d/ }).click();
  const file = info.outputPath('taken.flac');
  await (await coming).saveAs(file);
  expect(spawnSync('flac', ['-t', '-s', file]).status).toBe(0);
});

test('twenty files at once, the last after its upload URL has expired', async ({ page, own, expected }) => {
  // A refusal of the store may come as a broken connection, of which the console tells.
  expected.push(/Failed to load resource.*(403|ERR_)/);
  const server = await own('upload-url = 2\n');
  await page.goto(server.url);
  const renewed: string[] = [];
  page.on('request', (request) => {
    if (request.url().endsWith('/upload')) renewed.push(request.url());
  });
  await (
    await network(page)
  )(2_000_000);
  await drop(page, ...Array.from({ length: 20 }, (_, index) => wav(`song ${index + 1}.wav`, 2)));
  await page.getByLabel('Start at once').check();
  await page.getByRole('button', { name: /^Upload 20/ }).click();
  await expect(page.getByText('Done', { exact: true })).toHaveCount(20, { timeout: 45_000 });
  expect(renewed.length).toBeGreaterThan(0);
  expect(new Set(renewed).size, 'no session asks twice').toBe(renewed.length);
  await goTo(page, 'Sessions');
  await expect(page.getByRole('row')).toHaveCount(21);
});

test('a picture comes back in two sizes, beside the original', async ({ page, server }) => {
  await page.goto(server.url);
  await choose(page, png('a disc.png', 3000, 2000));
  await page.getByLabel('Start at once').check();
  await page.getByRole('button', { name: /^Upload 1/ }).click();
  await page.getByRole('link', { name: 'Results of a disc.png' }).click();
  await expect(page.getByRole('img', { name: /^(Original|Result): / })).toHaveCount(3);
  await expect(page.getByText('3000 × 2000 px')).toBeVisible();
  await expect(page.getByText('2048 × 1365 px')).toBeVisible();
  await look(page, 'session-pictures');
});

test('what cannot be taken is told before anything is sent', async ({ page, server }) => {
  await page.goto(server.url);
  const sent: string[] = [];
  page.on('request', (request) => {
    if (request.method() !== 'GET') sent.push(request.url());
  });
  const text = (name: string) => ({ name, mimeType: 'text/plain', buffer: Buffer.from('x') });
  await choose(page, text('notes.txt'), {
    name: 'empty.wav',
    mimeType: 'audio/wav',
    buffer: Buffer.alloc(0),
  });
  await expect(row(page, 'notes.txt')).toContainText('Nothing here takes this kind of file');
  await expect(row(page, 'empty.wav')).toContainText('The file is empty.');
  // A picture that is too large only by its size: a file of which the browser tells nothing else.
  await page.evaluate(() => {
    const large = new File([new Uint8Array(1)], 'huge.png', { type: 'image/png' });
    Object.defineProperty(large, 'size', { value: 100_000_001 });
    const paste = new Event('paste');
    Object.defineProperty(paste, 'clipboardData', { value: { files: [large] } });
    window.dispatchEvent(paste);
  });
  await expect(row(page, 'huge.png')).toContainText('100 MB is the limit');
  await expect(page.getByRole('button', { name: 'Upload', exact: true })).toHaveAttribute(
    'aria-disabled',
    'true',
  );
  expect(sent).toEqual([]);
  await look(page, 'convert-unfit');
});

test('names are text, whatever they hold', async ({ page, server }) => {
  const names = [
    '<img src=x onerror=alert(1)>.wav',
    'a\u202Egnp.wav',
    `${'long '.repeat(800)}end.wav`,
    '👩‍👩‍👧‍👦 family 🎵.wav',
  ];
  await page.goto(server.url);
  await choose(page, ...names.map((name) => ({ ...wav(name, 0.2), name })));
  await page.getByLabel('Start at once').check();
  await page.getByRole('button', { name: /^Upload 4/ }).click();
  await expect(page.getByText('Done', { exact: true })).toHaveCount(4);
  await look(page, 'convert-names');
  await goTo(page, 'Sessions');
  await expect(page.getByText(names[0]!)).toBeVisible();
  await page.getByRole('link', { name: /^long long/ }).click();
  await expect(page.getByRole('heading', { level: 1 })).toContainText(/^long long.*…/);
  await look(page, 'session-long-name');
});

test('a start from elsewhere is told as Wrong State, in plain words', async ({ page, server, expected }) => {
  expected.push(/status of 400/);
  await page.goto(server.url);
  await choose(page, wav('contested.wav', 1));
  await page.getByRole('button', { name: /^Upload 1/ }).click();
  const transcode = page.getByRole('button', { name: 'Transcode contested.wav' });
  await transcode.waitFor();
  const href = await row(page, 'contested.wav')
    .getByRole('link', { name: 'contested.wav' })
    .getAttribute('href');
  const id = href!.split('/').pop()!;
  // Between the page's two looks somebody else starts it: the page still offers to.
  await page.route('**/api/sessions?*', (route) => route.abort());
  expected.push(/ERR_FAILED/);
  expect((await fetch(`${server.url}/xcode/${id}`, { method: 'PUT' })).status).toBe(202);
  await transcode.click();
  await expect(page.getByRole('alert')).toContainText('400 Wrong State');
  await expect(page.getByRole('alert')).toContainText('somebody else, or another tab, was faster');
  await look(page, 'convert-wrong-state');
});

test('a server, then a network that goes in mid-upload is told, and the same session goes on', async ({
  page,
  own,
  expected,
}) => {
  expected.push(/ERR_INTERNET_DISCONNECTED|ERR_CONNECTION_|ERR_EMPTY_RESPONSE|ERR_NETWORK_CHANGED/);
  const server = await own();
  const announced: string[] = [];
  page.on('request', (request) => {
    if (request.url().endsWith('/xfer')) announced.push(request.url());
  });
  await page.goto(server.url);
  const speed = await network(page);
  await choose(page, wav('broken.wav', 60));
  await speed(1_000_000);
  await page.getByRole('button', { name: /^Upload 1/ }).click();
  await page.getByRole('progressbar', { name: 'Upload of broken.wav' }).waitFor();
  await server.kill();
  await expect(row(page, 'broken.wav').getByRole('alert')).toContainText('Upload failed. No answer');
  await speed(-1, true);
  await expect(page.getByTestId('offline')).toBeVisible();
  const again = page.getByRole('button', { name: 'Try again to upload broken.wav' });
  await again.click();
  await expect(row(page, 'broken.wav').getByRole('alert')).toContainText('Upload failed. Offline');
  await look(page, 'convert-offline');
  await server.run();
  await speed(-1);
  await expect(page.getByTestId('offline')).toBeHidden();
  await again.click();
  await expect(page.getByRole('button', { name: 'Transcode broken.wav' })).toBeVisible();
  expect(announced).toHaveLength(1);
});

test('a reload in mid-upload leaves a session that takes its file again', async ({ page, server }, info) => {
  await page.goto(server.url);
  const speed = await network(page);
  const song = wav('broken off.wav', 60);
  await choose(page, song);
  await speed(1_000_000);
  await page.getByRole('button', { name: /^Upload 1/ }).click();
  await page.getByRole('progressbar', { name: 'Upload of broken off.wav' }).waitFor();
  const asked = page.waitForEvent('dialog').then(async (dialog) => {
    expect(dialog.type()).toBe('beforeunload');
    await dialog.accept();
  });
  await page.reload();
  await asked;
  await speed(-1);
  await goTo(page, 'Sessions');
  await page.getByRole('link', { name: 'broken off.wav' }).first().click();
  await expect(page.getByTestId('late-upload')).toContainText('The file is not here yet.');
  await look(page, 'session-not-uploaded');
  await page.getByLabel('Choose the file again').setInputFiles(wav('another.wav', 1));
  await expect(page.getByRole('alert')).toContainText('Another file');
  const path = info.outputPath('broken off.wav');
  writeFileSync(path, song.buffer);
  await page.getByLabel('Choose the file again').setInputFiles(path);
  await page.getByRole('button', { name: 'Transcode' }).click();
  await expect(page.getByRole('link', { name: /^Download FLAC/ })).toBeVisible();
});

test('a file that is none fails with its reason, and no redrive is offered', async ({ page, server }) => {
  await page.goto(server.url);
  await choose(page, noWav('no sound.wav'));
  await page.getByLabel('Start at once').check();
  await page.getByRole('button', { name: /^Upload 1/ }).click();
  await page.getByRole('link', { name: 'What happened to no sound.wav' }).click();
  await expect(page.getByTestId('problem')).toContainText('This kind of file cannot be converted.');
  await expect(page.getByTestId('problem')).toContainText('unsupported-media');
  await expect(page.getByRole('button', { name: 'Redrive' })).toBeHidden();
  await look(page, 'session-failed');
});
