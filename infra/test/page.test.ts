// The page and what stands before it: whose an address is, what browsers are told, which file is kept for how long.

import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { App } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { beforeAll, describe, expect, test } from 'vitest';

import { pageFiles } from '../lib/files.ts';
import { PLACES } from '../lib/page.ts';
import { OF_THE_API, OPEN } from '../lib/routes.ts';
import { stacks } from '../lib/stacks.ts';
import { SETTINGS } from './settings.ts';

const DOCUMENT = JSON.parse(readFileSync(new URL('../../service/openapi.json', import.meta.url), 'utf8')) as {
  paths: Record<string, object>;
};

let application: Template;

beforeAll(() => {
  application = Template.fromStack(stacks(new App(), SETTINGS).application);
});

/** As CloudFront matches a path. */
function matches(pattern: string, path: string): boolean {
  const quoted = pattern.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', '.*');
  return new RegExp(`^${quoted}$`).test(path);
}

describe('an address', () => {
  test.each(Object.keys(DOCUMENT.paths))('%s is the API’s', (path) => {
    const asked = path.replaceAll(/\{\w+\}/g, 'x-1');
    expect(OF_THE_API.filter((pattern) => matches(pattern, asked))).not.toEqual([]);
  });

  test.each(['/', '/sessions', '/sessions/x', '/account', '/main-ABCDEFGH.js'])('%s is the page’s', (path) => {
    expect(OF_THE_API.filter((pattern) => matches(pattern, path))).toEqual([]);
  });

  test('of the API is taken there by the distribution', () => {
    const [distribution] = Object.values(application.findResources('AWS::CloudFront::Distribution'));
    const config = distribution!.Properties.DistributionConfig;
    const behaviors = config.CacheBehaviors as { PathPattern: string; TargetOriginId: string }[];
    expect(behaviors.map(({ PathPattern }) => PathPattern).sort()).toEqual([...OF_THE_API]);
    expect(behaviors.every(({ TargetOriginId }) => TargetOriginId !== config.DefaultCacheBehavior.TargetOriginId)).toBe(true);
    // A refusal of the API is an answer like any other.
    expect(config.CustomErrorResponses).toBeUndefined();
  });

  test('of a place within the page leads to the page, and of a file to the file', () => {
    const handler = new Function(`${PLACES}; return handler;`)() as (event: object) => { uri: string };
    const leads = (uri: string): string => handler({ request: { uri } }).uri;
    expect(['/', '/sessions', '/sessions/a.b/execution'].map(leads)).toEqual(['/index.html', '/index.html', '/index.html']);
    expect(['/main-ABCDEFGH.js', '/favicon.ico', '/assets/a.svg'].map(leads)).toEqual(['/main-ABCDEFGH.js', '/favicon.ico', '/assets/a.svg']);
  });

  test('is for everybody only if the document says so', () => {
    expect([...OPEN].sort()).toEqual(['/api/recipes', '/api/sign-in', '/healthz', '/openapi.json', '/problems/{slug}']);
  });
});

/** A text as the stack will have it, with the names of what is not known yet. */
function joined(text: any): string {
  if (typeof text === 'string') return text;
  if ('Ref' in text) return text.Ref.replace(/[0-9A-F]{8}$/, '');
  if ('Fn::Select' in text) return 'PART';
  const [between, parts] = text['Fn::Join'];
  return parts.map(joined).join(between);
}

test('browsers are told before the page what the API tells them', () => {
  const [headers] = Object.values(application.findResources('AWS::CloudFront::ResponseHeadersPolicy'));
  const policy = headers!.Properties.ResponseHeadersPolicyConfig.SecurityHeadersConfig.ContentSecurityPolicy.ContentSecurityPolicy;
  const text = joined(policy);
  const directives = text.split('; ');
  expect(directives).toHaveLength(12);
  expect(directives[0]).toBe("default-src 'self'");
  const buckets = ['uploads', 'results'].map((held) => `lockgate-test-${held}-AWS::AccountId-PART`);
  const named = Object.values(application.findResources('AWS::S3::Bucket')).flatMap(({ Properties }) => Properties.BucketName ?? []);
  expect(named.map(joined).sort()).toEqual([...buckets].sort());
  const objects = buckets.map((name) => `https://${name}.s3.AWS::Region.amazonaws.com`).join(' ');
  expect(directives).toContain(`connect-src 'self' ${objects} https://PeoplePoolSignIn.auth.AWS::Region.amazoncognito.com`);
  expect(directives).toContain(`img-src 'self' data: blob: ${objects}`);
  expect(text).not.toMatch(/[{}*]|unsafe/);
});

describe('the files of the page', () => {
  function built(names: string[]): string {
    const folder = mkdtempSync(join(tmpdir(), 'page-'));
    mkdirSync(join(folder, 'media'));
    for (const name of names) writeFileSync(join(folder, name), name);
    return folder;
  }

  test('go up with their types, the index last, and what is compressed not at all', () => {
    const files = pageFiles(built(['index.html', 'main-ABCD12_4.js', 'main-ABCD12_4.js.br', 'chunk-B-Shw8X8.js', 'zebra.svg', 'media/a-QWERTYUI.woff2']));
    expect(files.map(({ key, contentType, cacheControl }) => [key, contentType, cacheControl])).toEqual([
      ['chunk-B-Shw8X8.js', 'text/javascript; charset=utf-8', 'public, max-age=31536000, immutable'],
      ['main-ABCD12_4.js', 'text/javascript; charset=utf-8', 'public, max-age=31536000, immutable'],
      ['media/a-QWERTYUI.woff2', 'font/woff2', 'public, max-age=31536000, immutable'],
      ['zebra.svg', 'image/svg+xml', 'no-cache'],
      ['index.html', 'text/html; charset=utf-8', 'no-cache'],
    ]);
  });

  test('are not a page without an index, nor if one is of a type that nobody knows', () => {
    expect(() => pageFiles(built(['main.js']))).toThrow(/holds no page/);
    expect(() => pageFiles(built(['index.html', 'odd.xyz']))).toThrow(/odd\.xyz/);
  });
});
