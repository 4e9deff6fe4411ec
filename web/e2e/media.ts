// Test files, made here; films by ffmpeg.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deflateSync } from 'node:zlib';
import { crc32 } from 'node:zlib';

export interface Upload {
  name: string;
  mimeType: string;
  buffer: Buffer;
}

const RATE = 44_100;

/** A stereo WAV of 16 bits: two tones with some noise, so that it is work to encode. */
export function wav(name: string, seconds: number): Upload {
  const frames = Math.round(RATE * seconds);
  const buffer = Buffer.alloc(44 + frames * 4);
  buffer.write('RIFF', 0);
  buffer.writeUInt32LE(36 + frames * 4, 4);
  buffer.write('WAVEfmt ', 8);
  buffer.writeUInt32LE(16, 16);
  buffer.writeUInt16LE(1, 20);
  buffer.writeUInt16LE(2, 22);
  buffer.writeUInt32LE(RATE, 24);
  buffer.writeUInt32LE(RATE * 4, 28);
  buffer.writeUInt16LE(4, 32);
  buffer.writeUInt16LE(16, 34);
  buffer.write('data', 36);
  buffer.writeUInt32LE(frames * 4, 40);
  let noise = 1;
  for (let frame = 0; frame < frames; frame++) {
    noise = (noise * 48_271) % 0x7fffffff;
    const swell = 0.35 + 0.65 * Math.abs(Math.sin((Math.PI * frame) / RATE / 1.7));
    const tone = (hertz: number) => Math.sin((2 * Math.PI * hertz * frame) / RATE) * 11_000 * swell;
    const hiss = (noise / 0x7fffffff - 0.5) * 4_000;
    buffer.writeInt16LE(Math.round(tone(220) + hiss), 44 + frame * 4);
    buffer.writeInt16LE(Math.round(tone(331) + hiss), 46 + frame * 4);
  }
  return { name, mimeType: 'audio/wav', buffer };
}

/** A PNG of RGB, a soft gradient with a disc. */
export function png(name: string, width: number, height: number): Upload {
  const row = width * 3 + 1;
  const pixels = Buffer.alloc(row * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const inside = (x - width * 0.65) ** 2 + (y - height * 0.4) ** 2 < (height * 0.22) ** 2;
      const at = y * row + 1 + x * 3;
      pixels[at] = inside ? 250 : Math.round(30 + (170 * x) / width);
      pixels[at + 1] = inside ? 190 : Math.round(60 + (120 * y) / height);
      pixels[at + 2] = inside ? 90 : 150;
    }
  }
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  head.set([8, 2, 0, 0, 0], 8);
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  const parts = [chunk('IHDR', head), chunk('IDAT', deflateSync(pixels)), chunk('IEND', Buffer.alloc(0))];
  return { name, mimeType: 'image/png', buffer: Buffer.concat([signature, ...parts]) };
}

function chunk(kind: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(kind, 'latin1'), data]);
  const whole = Buffer.alloc(body.length + 8);
  whole.writeUInt32BE(data.length, 0);
  body.copy(whole, 4);
  whole.writeUInt32BE(crc32(body), body.length + 4);
  return whole;
}

/** An MP4 of a moving test card, with a tone. */
export function film(name: string, seconds: number): Upload {
  const folder = mkdtempSync(join(tmpdir(), 'lockgate-film-'));
  const path = join(folder, 'film.mp4');
  try {
    const inputs = [`testsrc2=s=960x540:r=30:d=${seconds}`, `sine=frequency=440:duration=${seconds}`];
    const options = ['-pix_fmt', 'yuv420p', '-preset', 'ultrafast', '-shortest', path];
    execFileSync('ffmpeg', [
      ...['-v', 'error', '-nostdin', '-y'],
      ...inputs.flatMap((input) => ['-f', 'lavfi', '-i', input]),
      ...options,
    ]);
    return { name, mimeType: 'video/mp4', buffer: readFileSync(path) };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Calls itself a WAV and is none. */
export function noWav(name: string): Upload {
  return { name, mimeType: 'audio/wav', buffer: Buffer.from('this is no sound at all '.repeat(50)) };
}
