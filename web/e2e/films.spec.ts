// What is made of films: frames in a grid, a film to watch, captions under it.
import { made } from './made';
import { film } from './media';
import { Server } from './server';
import { expect, look, test } from './test';

/** A captioner that hears the same in every film. */
const CAPTIONS = 'WEBVTT\n\n00:00.200 --> 00:01.800\nA tone is to be heard.\n';
const COMMAND = ['/bin/sh', '-c', 'printf %s "$2" > "$1"', 'captioner', '{base}.vtt', CAPTIONS, '{wav}'];

test('the frames of a film are seen, and fetched as a zip', async ({ page, server }) => {
  const options = { count: 6, width: 160 };
  const id = await made(server, film('frames.mp4', 3), 'auto', { recipe: 'thumbnails', options });
  await page.goto(`${server.url}/sessions/${id}`);
  const frames = page.getByRole('img', { name: /^Frame / });
  await expect(frames).toHaveCount(6);
  for (const frame of await frames.all()) {
    await expect.poll(() => frame.evaluate((image: HTMLImageElement) => image.naturalWidth)).toBe(160);
  }
  await look(page, 'film-frames');
  const coming = page.waitForEvent('download');
  await page.getByRole('link', { name: /^Download all/ }).click();
  expect((await coming).suggestedFilename()).toBe('frames-frames.zip');
});

test('a film is made anew at a pace that is told, and can be watched', async ({ page, server }) => {
  test.slow();
  const options = { format: 'webm', preset: 'small' } as const;
  const id = await made(server, film('slow.mp4', 30), 'manual', { recipe: 'video', options });
  await page.goto(`${server.url}/sessions/${id}`);
  await page.getByRole('button', { name: 'Transcode' }).click();
  await expect(page.getByTestId('fps')).toHaveText(/^[1-9][\d.,]*\sframes? a second$/);
  await expect(page.getByTestId('pace')).toContainText(/left/);
  await look(page, 'film-pace');
  await expect(page.getByRole('link', { name: /^Download WEBM/ })).toBeVisible({ timeout: 90_000 });
  const video = page.locator('video').first();
  await expect.poll(() => video.evaluate((seen: HTMLVideoElement) => seen.duration)).toBeGreaterThan(29.9);
  expect(await video.evaluate((seen: HTMLVideoElement) => seen.videoWidth)).toBe(640);
  await look(page, 'film-done');
});

test('captions stand under the film that they were heard in', async ({ page }) => {
  const server = await Server.start('', {}, `[captions]\ncommand = ${JSON.stringify(COMMAND)}\n`);
  try {
    const id = await made(server, film('talk.mp4', 2), 'auto', { recipe: 'captions' });
    await page.goto(`${server.url}/sessions/${id}`);
    const video = page.locator('video');
    const heard = () =>
      video.evaluate((seen: HTMLVideoElement) => {
        const [track] = seen.textTracks;
        return [track?.mode, ...[...(track?.cues ?? [])].map((cue) => (cue as VTTCue).text)];
      });
    await expect.poll(heard).toEqual(['showing', 'A tone is to be heard.']);
    for (const name of ['talk.vtt', 'talk.srt'])
      await expect(page.getByRole('link', { name, exact: true })).toBeVisible();
    await look(page, 'film-captions');
  } finally {
    await page.close(); // it would complain that its server is gone
    await server.end();
  }
});
