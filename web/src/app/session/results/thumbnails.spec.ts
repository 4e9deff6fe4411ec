import { TestBed } from '@angular/core/testing';

import type { Output } from '../../api/answers';
import { Thumbnails } from './thumbnails';

const output = (change: Partial<Output> = {}): Output => ({
  ...{ name: 'a.zip', url: 'http://store/1', bytes: 1000, sha256: 'one', contentType: 'application/zip' },
  ...{ media: {}, verified: 'The zip opens.' },
  ...change,
});

/** A zip of empty members with these names. */
function zip(...names: string[]): ArrayBuffer {
  const local = names.flatMap((name) => [
    0x50,
    0x4b,
    3,
    4,
    ...zeros(22),
    name.length,
    0,
    0,
    0,
    ...codes(name),
  ]);
  const list: number[] = [];
  let at = 0;
  for (const name of names) {
    list.push(
      0x50,
      0x4b,
      1,
      2,
      ...zeros(24),
      name.length,
      0,
      ...zeros(12),
      at & 255,
      at >> 8,
      0,
      0,
      ...codes(name),
    );
    at += 30 + name.length;
  }
  const end = [
    0x50,
    0x4b,
    5,
    6,
    ...zeros(6),
    names.length,
    0,
    ...zeros(4),
    local.length & 255,
    local.length >> 8,
    0,
    0,
    0,
    0,
  ];
  return new Uint8Array([...local, ...list, ...end]).buffer;
}
const zeros = (count: number) => Array<number>(count).fill(0);
const codes = (text: string) => [...text].map((sign) => sign.charCodeAt(0));

describe('thumbnails', () => {
  let asked: number;
  const shown = async (one: Output, answer: ArrayBuffer) => {
    asked = 0;
    vi.stubGlobal('fetch', async () => {
      asked += 1;
      return new Response(answer);
    });
    let made = 0;
    URL.createObjectURL = () => `blob:${++made}`;
    URL.revokeObjectURL = () => {};
    const fixture = TestBed.createComponent(Thumbnails);
    fixture.componentRef.setInput('output', one);
    await fixture.whenStable();
    await vi.waitFor(() => expect(asked).toBe(one.bytes > 64_000_000 ? 0 : 1));
    return { fixture, element: fixture.nativeElement as HTMLElement };
  };
  afterEach(() => vi.unstubAllGlobals());

  it('are the pictures in the zip, each with its name', async () => {
    const { fixture, element } = await shown(output(), zip('0001.jpg', 'notes.txt', '0002.jpeg'));
    await vi.waitFor(async () => {
      await fixture.whenStable();
      expect([...element.querySelectorAll('img')].map((image) => image.alt)).toEqual([
        'Frame 0001.jpg',
        'Frame 0002.jpeg',
      ]);
    });
    expect(element.textContent).toContain('2\u00a0pictures');
    fixture.componentRef.setInput('output', output({ url: 'http://store/fresh' }));
    await fixture.whenStable();
    expect(asked).toBe(1);
  });

  it('of a large zip are only for download', async () => {
    const { element } = await shown(output({ bytes: 64_000_001 }), new ArrayBuffer(0));
    expect(element.querySelectorAll('img')).toHaveLength(0);
    expect(element.querySelector('a')!.textContent).toContain('Download all');
  });
});
