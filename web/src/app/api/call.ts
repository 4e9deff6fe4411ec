// Requests to the API. Paths, parameters and answers are typed by the generated document; what comes back is either an
// answer that has what it must have, or a `Failure` that can be shown.
import type { Problem } from './answers';
import { FROM_PAGE, authorization, isHeld, lose, renew } from './credential';
import type { paths } from './schema';

type Method = 'get' | 'put' | 'post' | 'delete';
type Paths<M extends Method> = {
  [P in keyof paths]: paths[P] extends Record<M, { responses: unknown }> ? P : never;
}[keyof paths];
type Answers<R> = {
  [S in Extract<keyof R, 200 | 201 | 202 | 204>]: R[S] extends { content: { 'application/json': infer T } }
    ? T
    : undefined;
}[Extract<keyof R, 200 | 201 | 202 | 204>];
export type Answer<P extends keyof paths, M extends Method> =
  paths[P] extends Record<M, { responses: infer R }> ? Answers<R> : never;

interface Asked<T> {
  /** What stands in the path; several, in their order. */
  id?: string | readonly string[];
  query?: Record<string, string | undefined>;
  body?: unknown;
  /** Fields without which the answer is nonsense. */
  has?: readonly (keyof T & string)[];
}

/** Why a request came to nothing. `problem` is the server's own word, where it had one. */
export class Failure extends Error {
  constructor(
    readonly kind: 'refused' | 'unreachable' | 'nonsense',
    readonly title: string,
    readonly detail: string,
    readonly requestId?: string,
    readonly problem?: Problem,
    /** Of whatever answered, even if it was not the server: a gateway refuses in words of its own. */
    readonly status = problem?.status,
  ) {
    super(`${title}: ${detail}`);
  }

  get isGone(): boolean {
    return this.problem?.status === 404 || this.problem?.status === 410;
  }
}

/** Asks the API. `path` is one of the document's, the names in it filled from `asked.id`. */
export async function call<M extends Method, P extends Paths<M>>(
  method: M,
  path: P,
  asked: Asked<Answer<P, M>> = {},
): Promise<Answer<P, M>> {
  const { response, text } = await fetched(
    method,
    address(path as string, asked.id, asked.query),
    asked.body,
  );
  const requestId = response.headers.get('X-Request-Id') ?? undefined;
  if (!response.ok) throw refusal(response, text, requestId);
  if (response.status === 204) return undefined as Answer<P, M>;
  const answer = parse(text);
  const lacks = (asked.has ?? []).some((field) => !isObject(answer) || !(field in answer));
  if (!isObject(answer) || lacks) throw nonsense(response, requestId);
  return answer as Answer<P, M>;
}

/** What is answered with plain text. */
export async function text(path: '/metrics'): Promise<string> {
  const { response, text } = await fetched('get', path, undefined);
  if (response.ok) return text;
  throw refusal(response, text, response.headers.get('X-Request-Id') ?? undefined);
}

export function address(
  path: string,
  id: string | readonly string[] = '',
  query: Record<string, string | undefined> = {},
): string {
  const ids = [id].flat();
  const said = Object.entries(query).filter((entry): entry is [string, string] => entry[1] !== undefined);
  const search = new URLSearchParams(said).toString();
  return path.replace(/\{\w+\}/g, () => encodeURIComponent(ids.shift() ?? '')) + (search ? `?${search}` : '');
}

async function fetched(
  method: Method,
  url: string,
  body: unknown,
): Promise<{ response: Response; text: string }> {
  try {
    let response = await sent(method, url, body);
    // The password that was given with the request is what is wrong, and not who asks.
    if (response.status === 401 && !PROVES.test(url)) {
      const was = isHeld();
      if (await renew()) response = await sent(method, url, body);
      if (response.status === 401 && was) lose();
    }
    return { response, text: await response.text() };
  } catch {
    throw unreachable();
  }
}

/** Where who asks is just what is asked. */
const PROVES = /^\/api\/(sign-in|sign-out$|me\/password)/;

async function sent(method: Method, url: string, body: unknown): Promise<Response> {
  const headers: Record<string, string> = { Accept: 'application/json', ...(await authorization()) };
  if (PROVES.test(url)) Object.assign(headers, FROM_PAGE);
  const init: RequestInit = { method: method.toUpperCase(), headers };
  if (body !== undefined) {
    headers['Content-Type'] = 'application/json';
    init.body = JSON.stringify(body);
  }
  return fetch(url, init);
}

export function unreachable(): Failure {
  return navigator.onLine
    ? new Failure(
        'unreachable',
        'No answer',
        'The server cannot be reached. Nothing is lost; try again in a moment.',
      )
    : new Failure('unreachable', 'Offline', 'This device has no network. Try again once it has.');
}

function refusal(response: Response, text: string, requestId?: string): Failure {
  const problem = parse(text);
  if (!isProblem(problem)) return nonsense(response, requestId);
  return new Failure(
    'refused',
    `${problem.status} ${problem.title}`,
    problem.detail,
    problem.requestId,
    problem,
  );
}

function nonsense(response: Response, requestId?: string): Failure {
  const kind = response.headers.get('Content-Type') ?? 'no type';
  const detail = `The server answered something that this page does not understand (${response.status}, ${kind}).`;
  return new Failure('nonsense', 'Unexpected answer', detail, requestId, undefined, response.status);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

function isProblem(value: unknown): value is Problem {
  return isObject(value) && 'title' in value && 'detail' in value && 'status' in value;
}

/** Whatever was thrown, as something that can be shown. */
export function failure(thrown: unknown): Failure {
  if (thrown instanceof Failure) return thrown;
  return new Failure(
    'nonsense',
    'The page made a mistake',
    thrown instanceof Error ? thrown.message : String(thrown),
  );
}

/** Does what the server may refuse. `failed` is told why it did, and nothing while it may yet go well. */
export async function attempt(
  failed: { set(why: Failure | undefined): void },
  work: () => Promise<unknown>,
): Promise<void> {
  failed.set(undefined);
  try {
    await work();
  } catch (thrown) {
    failed.set(failure(thrown));
  }
}
