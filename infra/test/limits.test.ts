// What the stack is given, against what the code reckons with: each limit stands once in Rust, and what a template says
// beside it must leave room for that.

import { readFileSync } from 'node:fs';

import { App } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { beforeAll, expect, test } from 'vitest';

import { stacks } from '../lib/stacks.ts';
import { SETTINGS } from './settings.ts';

const UNITS: Readonly<Record<string, number>> = { secs: 1, mins: 60, hours: 3600 };
const DAY = 24 * 3600;

/** The seconds that a source says of something: `name: Duration = Duration::from_secs(20)`, or as a field's default. */
function seconds(path: string, name: string): number {
  const source = readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
  const found = [...source.matchAll(new RegExp(`\\b${name}:(?: \\w+ =)? (?:Signed)?Duration::from_(secs|mins|hours)\\(([\\d* ]+)\\)`, 'g'))];
  expect(found, `${name} of ${path}`).toHaveLength(1);
  const [, unit, count] = found[0]!;
  return UNITS[unit!]! * count!.split('*').reduce((product, factor) => product * Number(factor), 1);
}

const deadline = (name: string): number => seconds('states/src/session/due.rs', name);

let application: Template;

beforeAll(() => {
  application = Template.fromStack(stacks(new App(), SETTINGS).application);
}, 120_000);

const functionOf = (handler: string) =>
  Object.values(application.findResources('AWS::Lambda::Function', { Properties: { Handler: handler } }))[0]!.Properties;

test('an upload lies in its bucket for longer than its session may wait, and is in parts for longer than it may come', () => {
  const rules = Object.values(application.findResources('AWS::S3::Bucket')).flatMap(({ Properties }) => Properties.LifecycleConfiguration?.Rules ?? []);
  const [uploads] = rules.filter((rule) => rule.ExpirationInDays !== undefined);
  expect(uploads.ExpirationInDays * DAY).toBeGreaterThan(deadline('upload_grace') + DAY + deadline('start_within'));
  for (const rule of rules) {
    expect(rule.AbortIncompleteMultipartUpload.DaysAfterInitiation * DAY).toBeGreaterThan(deadline('upload_grace'));
  }
});

test('who looks for what is overdue comes as often as it is due', () => {
  const rates = Object.values(application.findResources('AWS::Events::Rule')).flatMap(({ Properties }) => Properties.ScheduleExpression ?? []);
  const inSeconds = rates.map((rate: string) => Number(/^rate\((\d+) minutes?\)$/.exec(rate)![1]) * 60);
  expect(inSeconds.sort((a, b) => a - b)).toEqual([deadline('checkup'), seconds('aws/src/captioner/mod.rs', 'LOOK')]);
});

test('a function lives for longer than what it waits for', () => {
  expect(functionOf('deliver').Timeout).toBeGreaterThan(seconds('aws/src/assemble.rs', 'WEBHOOK_PATIENCE'));
  const queues = Object.values(application.findResources('AWS::SQS::Queue')).filter(({ Properties }) => Properties.RedrivePolicy !== undefined);
  for (const { Properties } of queues) expect(Properties.VisibilityTimeout).toBe(6 * functionOf('confirm-upload').Timeout);
});

test('a function is handed no body that the gateway would not let through to it', () => {
  const source = readFileSync(new URL('../../aws/src/assemble.rs', import.meta.url), 'utf8');
  const [, mebibytes] = /LARGEST_BODY: u64 = (\d+) << 20/.exec(source)!;
  const event = 6; // MiB, of which the head and the claims are but some kilobytes
  expect((Number(mebibytes) * 4) / 3).toBeLessThan(event - 0.1);
});
