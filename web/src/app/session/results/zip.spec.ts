import { members } from './zip';

/** A zip of these members, each with its method. */
async function zip(files: [name: string, text: string, method: 0 | 8][], comment = ''): Promise<ArrayBuffer> {
  const parts: Buffer[] = [];
  const list: Buffer[] = [];
  let at = 0;
  for (const [name, text, method] of files) {
    const data = method === 8 ? await deflated(text) : Buffer.from(text);
    const local = Buffer.alloc(30);
    local.writeUInt32LE(0x04034b50, 0);
    local.writeUInt16LE(method, 8);
    local.writeUInt32LE(data.length, 18);
    local.writeUInt16LE(Buffer.byteLength(name), 26);
    const entry = Buffer.alloc(46);
    entry.writeUInt32LE(0x02014b50, 0);
    entry.writeUInt16LE(method, 10);
    entry.writeUInt32LE(data.length, 20);
    entry.writeUInt16LE(Buffer.byteLength(name), 28);
    entry.writeUInt32LE(at, 42);
    parts.push(local, Buffer.from(name), data);
    list.push(entry, Buffer.from(name));
    at += 30 + Buffer.byteLength(name) + data.length;
  }
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(files.length, 10);
  end.writeUInt32LE(at, 16);
  end.writeUInt16LE(comment.length, 20);
  const whole = Buffer.concat([...parts, ...list, end, Buffer.from(comment)]);
  return whole.buffer.slice(whole.byteOffset, whole.byteOffset + whole.byteLength) as ArrayBuffer;
}

async function deflated(text: string): Promise<Buffer> {
  const stream = new Response(text).body!.pipeThrough(new CompressionStream('deflate-raw'));
  return Buffer.from(await new Response(stream).arrayBuffer());
}

describe('a zip', () => {
  const text = (bytes: ArrayBuffer) => new TextDecoder().decode(bytes);

  it('gives its members, stored or deflated', async () => {
    const archive = await zip(
      [
        ['a.jpg', 'one', 0],
        ['ä/b.jpg', 'two two two', 8],
        ['ä/', '', 0],
      ],
      'a comment',
    );
    const found = members(archive);
    expect(found.map((member) => member.name)).toEqual(['a.jpg', 'ä/b.jpg']);
    expect(text(await found[0]!.bytes())).toBe('one');
    expect(text(await found[1]!.bytes())).toBe('two two two');
  });

  it('that is none has no members', () => {
    expect(members(new ArrayBuffer(0))).toEqual([]);
    expect(members(new TextEncoder().encode('x'.repeat(500)).buffer as ArrayBuffer)).toEqual([]);
  });
});
