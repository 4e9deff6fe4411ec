// Sends a file's bytes to where the ticket says, and tells how far it is. `fetch` cannot tell that, so it is XHR.
import type { Upload } from '../api/answers';
import { Failure, unreachable } from '../api/call';

export interface Sending {
  done: Promise<void>;
  cancel: () => void;
}

/** The object store took the ticket for expired, or for none. */
export class TicketRefused extends Error {}

export class Cancelled extends Error {}

export function send(file: Blob, ticket: Upload, progress: (sent: number) => void): Sending {
  const request = new XMLHttpRequest();
  const done = new Promise<void>((resolve, reject) => {
    request.upload.onprogress = (event) => progress(event.loaded);
    request.onload = () => {
      if (request.status >= 200 && request.status < 300) resolve();
      else if (request.status === 403) reject(new TicketRefused());
      // What was sent before and whose answer was lost lies there already: nothing may be put over it.
      else if (request.status === 412) resolve();
      else reject(refused(request));
    };
    // A server that refuses a large body need not read it: then all that is seen here is a broken connection.
    request.onerror = () => reject(isOver(ticket) ? new TicketRefused() : unreachable());
    request.onabort = () => reject(new Cancelled());
    request.open(ticket.method, ticket.url);
    for (const [name, value] of Object.entries(ticket.headers)) {
      if (!SET_BY_BROWSER.has(name.toLowerCase())) request.setRequestHeader(name, value);
    }
    request.send(file);
  });
  return { done, cancel: () => request.abort() };
}

const SET_BY_BROWSER = new Set(['content-length', 'host']);

export function isOver(ticket: Upload, now = Date.now()): boolean {
  return now >= Date.parse(ticket.expiresAt);
}

function refused(request: XMLHttpRequest): Failure {
  const said = /<Message>([^<]*)<\/Message>/.exec(request.responseText)?.[1];
  const id = request.getResponseHeader('x-amz-request-id') ?? undefined;
  return new Failure(
    'refused',
    `Upload refused (${request.status})`,
    said ?? 'The storage did not take the file.',
    id,
  );
}
