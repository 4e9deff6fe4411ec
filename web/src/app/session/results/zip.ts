// Reads a zip as far as a grid of pictures needs it: the list at its end, and members that are stored or deflated.

export interface Member {
  name: string;
  bytes: () => Promise<ArrayBuffer>;
}

const END = 0x06054b50;
const ENTRY = 0x02014b50;
const LOCAL = 0x04034b50;
const END_LEAST = 22;
const COMMENT_MOST = 0xffff;
const MEMBERS_MOST = 2_000;

/** The members, in the order of the list; nothing if this is no zip that can be read here. */
export function members(archive: ArrayBuffer): Member[] {
  const view = new DataView(archive);
  const end = endOf(view);
  if (end === undefined) return [];
  const count = Math.min(view.getUint16(end + 10, true), MEMBERS_MOST);
  const found: Member[] = [];
  let at = view.getUint32(end + 16, true);
  for (let index = 0; index < count && at + 46 <= view.byteLength; index++) {
    if (view.getUint32(at, true) !== ENTRY) break;
    const nameLength = view.getUint16(at + 28, true);
    const name = new TextDecoder().decode(new Uint8Array(archive, at + 46, nameLength));
    const place = { at: view.getUint32(at + 42, true), size: view.getUint32(at + 20, true) };
    const method = view.getUint16(at + 10, true);
    if (!name.endsWith('/')) found.push({ name, bytes: () => unpacked(archive, place, method) });
    at += 46 + nameLength + view.getUint16(at + 30, true) + view.getUint16(at + 32, true);
  }
  return found;
}

function endOf(view: DataView): number | undefined {
  const last = view.byteLength - END_LEAST;
  for (let at = last; at >= Math.max(0, last - COMMENT_MOST); at--) {
    if (view.getUint32(at, true) === END) return at;
  }
  return undefined;
}

async function unpacked(
  archive: ArrayBuffer,
  place: { at: number; size: number },
  method: number,
): Promise<ArrayBuffer> {
  const view = new DataView(archive);
  if (view.getUint32(place.at, true) !== LOCAL) throw new Error('the zip is damaged');
  const begin = place.at + 30 + view.getUint16(place.at + 26, true) + view.getUint16(place.at + 28, true);
  const packed = archive.slice(begin, begin + place.size);
  if (method === 0) return packed;
  if (method !== 8) throw new Error('the zip is packed in a way that is not read here');
  const stream = new Response(packed).body!.pipeThrough(new DecompressionStream('deflate-raw'));
  return new Response(stream).arrayBuffer();
}
