import { TestBed } from '@angular/core/testing';

import type { Output } from '../../api/answers';
import { Film } from './film';

const output = (change: Partial<Output>): Output => ({
  ...{ name: 'a.mp4', url: 'http://store/1', bytes: 31_200_000, sha256: 'one', contentType: 'video/mp4' },
  ...{ media: { width: 1920, height: 1080 }, verified: 'It was read back.' },
  ...change,
});

describe('a film', () => {
  const shown = async (captions: Output[] = []) => {
    const fixture = TestBed.createComponent(Film);
    fixture.componentRef.setInput('output', output({}));
    fixture.componentRef.setInput('captions', captions);
    await fixture.whenStable();
    return { fixture, element: fixture.nativeElement as HTMLElement };
  };

  it('has its captions, the first of them on', async () => {
    const vtt = (name: string) =>
      output({ name, sha256: name, url: `http://store/${name}`, contentType: 'text/vtt' });
    const { element } = await shown([vtt('de.vtt'), vtt('en.vtt')]);
    const tracks = [...element.querySelectorAll('track')].map((track) => [
      track.kind,
      track.getAttribute('src'),
      track.default,
    ]);
    expect(tracks).toEqual([
      ['captions', 'http://store/de.vtt', true],
      ['captions', 'http://store/en.vtt', false],
    ]);
    expect(element.textContent).toContain('1920 × 1080 px');
    expect(element.textContent).toContain('Download MP4 (31.2\u00a0MB)');
  });

  it('goes on under the URL it was begun with, until that fails; the download takes the fresh one', async () => {
    const { fixture, element } = await shown();
    const video = element.querySelector('video')!;
    fixture.componentRef.setInput('output', output({ url: 'http://store/2' }));
    await fixture.whenStable();
    expect(video.getAttribute('src')).toBe('http://store/1');
    expect(element.querySelector('a')!.href).toBe('http://store/2');
    video.dispatchEvent(new Event('error'));
    await fixture.whenStable();
    expect(video.getAttribute('src')).toBe('http://store/2');
    fixture.componentRef.setInput('output', output({ url: 'http://store/3', sha256: 'two' }));
    await fixture.whenStable();
    expect(video.getAttribute('src')).toBe('http://store/3');
  });
});
