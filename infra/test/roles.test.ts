// Who may be which role, and what the roles cannot do that no process of ours is: those of the machines' executions, and those
// by which containers are started.

import { App } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { beforeAll, describe, expect, test } from 'vitest';

import { STEPS } from '../lib/document.ts';
import { stacks } from '../lib/stacks.ts';
import { ALL, type Statement, TELLS, allowed, list, role } from './roles.ts';
import { DEFAULT, SETTINGS } from './settings.ts';

let application: Template;
let least: Template;
let site: Template;

beforeAll(() => {
  const made = stacks(new App(), SETTINGS);
  application = Template.fromStack(made.application);
  site = Template.fromStack(made.site!);
  least = Template.fromStack(stacks(new App(), DEFAULT).application);
});

/** How many roles each service may be. */
function services(template: Template): Record<string, number> {
  const counted: Record<string, number> = {};
  for (const [id, { Properties }] of Object.entries(template.findResources('AWS::IAM::Role'))) {
    const statements: Statement[] = Properties.AssumeRolePolicyDocument.Statement;
    expect(statements, id).toHaveLength(1);
    const { Service, ...others } = statements[0]!.Principal as { Service: string };
    expect([Service, others], id).toEqual([expect.any(String), {}]);
    counted[Service] = (counted[Service] ?? 0) + 1;
  }
  return counted;
}

test('each role is for one service, and none is more than is known', () => {
  const always = { 'lambda.amazonaws.com': ALL.length, 'states.amazonaws.com': 2 };
  expect(services(least)).toEqual(always);
  expect(services(application)).toEqual({ ...always, 'ecs-tasks.amazonaws.com': 4, 'pods.eks.amazonaws.com': 2 });
  expect(services(site)).toEqual({ 'vpc-flow-logs.amazonaws.com': 1, 'scheduler.amazonaws.com': 1 });
});

describe.each([
  ['a session', 'WorkflowSessionRole', STEPS],
  ['a notice', 'WorkflowNoticeRole', ['deliver']],
])('an execution of %s', (_, begins, steps) => {
  test('can invoke its own steps, each at its version, and otherwise only tell of itself', () => {
    for (const template of [application, least]) {
      const { 'lambda:InvokeFunction': invokes, ...tells } = Object.fromEntries(allowed(template, '', begins));
      const versions = template.findResources('AWS::Lambda::Version');
      const functions = template.findResources('AWS::Lambda::Function');
      const handlers = invokes!.map((version) => functions[versions[(version as { Ref: string }).Ref]!.Properties.FunctionName.Ref]!.Properties.Handler);
      expect(handlers.sort()).toEqual([...steps].sort());
      expect(Object.keys(tells).sort()).toEqual(TELLS);
    }
  });

  test('cannot touch a record, an object, a parameter, a letter or another execution, nor be a role', () => {
    const never = /^(dynamodb|s3|ssm|ses|sqs|sns|cognito-idp|transcribe|states|iam|sts|kms|ecs):|[*]/;
    for (const template of [application, least]) {
      expect([...allowed(template, '', begins).keys()].filter((action) => never.test(action))).toEqual([]);
    }
  });

  test('is nobody else’s to be', () => {
    expect(role(application, begins).assumed).toEqual([
      { Action: 'sts:AssumeRole', Effect: 'Allow', Principal: { Service: 'states.amazonaws.com' } },
    ]);
  });
});

test.each(['WorkersTaskExecutionRole', 'ServiceTaskExecutionRole'])('%s can fetch the image and write the log, and nothing else', (begins) => {
  const may = allowed(application, '', begins);
  const fetches = ['ecr:BatchCheckLayerAvailability', 'ecr:BatchGetImage', 'ecr:GetDownloadUrlForLayer'];
  expect([...may.keys()].sort()).toEqual([...fetches, 'ecr:GetAuthorizationToken', 'logs:CreateLogStream', 'logs:PutLogEvents'].sort());
  for (const action of fetches) {
    expect(JSON.stringify(may.get(action))).toMatch(/^\[\{"Fn::ImportValue":"Lockgate-Site-main:[^"]*Images[^"]*"\}\]$/);
  }
  for (const action of ['logs:CreateLogStream', 'logs:PutLogEvents']) {
    expect(list(may.get(action))).toEqual([{ 'Fn::GetAtt': [expect.stringMatching(`^${begins.replace('TaskExecutionRole', 'Log')}`), 'Arn'] }]);
  }
});
