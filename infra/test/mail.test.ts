// Letters in the templates: who sends them, to whom, and what is said of them on the command line.

import { App } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { beforeAll, expect, test } from 'vitest';

import { readMail } from '../lib/mail.ts';
import { stacks } from '../lib/stacks.ts';
import { ALL, allowed } from './roles.ts';
import { SETTINGS } from './settings.ts';

let application: Template;

beforeAll(() => {
  application = Template.fromStack(stacks(new App(), SETTINGS).application);
});

test('letters are sent by one function only, under one name, to where the pool says', () => {
  for (const handler of ALL) {
    const may = allowed(application, handler);
    if (handler !== 'deliver') {
      expect([...may.keys()].filter((action) => /^(ses|cognito-idp):/.test(action)), handler).toEqual([]);
      continue;
    }
    expect(JSON.stringify(may.get('cognito-idp:AdminGetUser'))).toContain('PeoplePool');
    const identities = JSON.stringify(may.get('ses:SendEmail'));
    for (const identity of ['identity/lockgate@example.org', 'identity/example.org']) expect(identities).toContain(identity);
  }
  application.hasResourceProperties('AWS::IAM::Policy', {
    PolicyDocument: {
      Statement: Match.arrayWith([
        Match.objectLike({ Action: 'ses:SendEmail', Condition: { StringEquals: { 'ses:FromAddress': 'lockgate@example.org' } } }),
      ]),
    },
  });
});

test('letters are known to whoever moves a session, since that is who begins one', () => {
  for (const made of Object.values(application.findResources('AWS::Lambda::Function'))) {
    expect(made.Properties.Environment.Variables).toMatchObject({
      LOCKGATE_MAIL_FROM: 'Lockgate <lockgate@example.org>',
      LOCKGATE_MAIL_EVENTS: 'session.failed',
      LOCKGATE_USER_POOL: { Ref: expect.stringMatching(/^PeoplePool/) },
    });
  }
});

test('there are no letters unless somebody is said to write them', () => {
  const { application } = stacks(new App(), { ...SETTINGS, mail: undefined });
  const text = JSON.stringify(Template.fromStack(application).toJSON());
  expect(text).not.toMatch(/ses:|cognito-idp:Admin|LOCKGATE_MAIL/);
});

test.each([
  ['Lockgate <lockgate@example.org>', 'session.failed,endpoint.disabled', 'lockgate@example.org'],
  ['lockgate@example.org', undefined, 'lockgate@example.org'],
])('a letter may bear %s as its sender', (from, events, address) => {
  expect(readMail(from, events)).toEqual({ from, address, events: events?.split(',') ?? [] });
});

test.each([
  ['nobody', undefined],
  ['<a@b> <c@d>', undefined],
  ['a@example.org', 'lunch'],
  [undefined, 'session.done'],
])('a letter cannot bear %s, or is not of %s', (from, events) => {
  expect(() => readMail(from, events)).toThrow();
});
