// Sessions that are made without the page.
import type { components } from '../src/app/api/schema';
import type { Upload } from './media';
import type { Server } from './server';
import { expect } from './test';

type Schemas = components['schemas'];

/** A session with its file: waiting to be started, unless it starts by itself; then it is Done. */
export async function made(
  server: Server,
  file: Upload,
  start: 'manual' | 'auto' = 'manual',
  more: Partial<Schemas['NewSession']> = {},
): Promise<string> {
  const body: Schemas['NewSession'] = {
    fileName: file.name,
    size: file.buffer.length,
    contentType: file.mimeType,
    start: start as Schemas['StartMode'],
    ...more,
  };
  const headers = { 'Content-Type': 'application/json' };
  const created = await fetch(`${server.url}/xfer`, { method: 'POST', headers, body: JSON.stringify(body) });
  const { sessionId, upload } = (await created.json()) as Schemas['Created'];
  const sent = { method: 'PUT', headers: upload!.headers, body: new Uint8Array(file.buffer) };
  expect((await fetch(upload!.url, sent)).status).toBe(200);
  const state = start === 'auto' ? 'Done' : 'ReadyToXcode';
  await expect.poll(async () => (await shown(server, sessionId)).state, { timeout: 30_000 }).toBe(state);
  return sessionId;
}

export async function shown(server: Server, id: string): Promise<Schemas['Session']> {
  return (await fetch(`${server.url}/api/sessions/${id}`)).json() as Promise<Schemas['Session']>;
}
