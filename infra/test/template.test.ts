// The templates: what is in them, and what must not be.

import { readFileSync } from 'node:fs';

import { App } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { beforeAll, describe, expect, test } from 'vitest';

import { STEPS } from '../lib/document.ts';
import { stacks } from '../lib/stacks.ts';
import { SETTINGS } from './settings.ts';

interface Statement {
  Sid?: string;
  Effect: string;
  Action: string | string[];
  Resource?: unknown;
  Principal?: unknown;
  Condition?: unknown;
}

let application: Template;
let site: Template;

beforeAll(() => {
  const made = stacks(new App(), SETTINGS);
  application = Template.fromStack(made.application);
  site = Template.fromStack(made.site!);
}, 120_000);

/** Without what changes with every build of the artefact. */
function steady(template: Template): unknown {
  return JSON.parse(JSON.stringify(template.toJSON()).replace(/[0-9a-f]{64}/g, 'HASH'));
}

const list = <T>(value: T | T[] | undefined): T[] => (value === undefined ? [] : Array.isArray(value) ? value : [value]);

/** What the role of a function may do: each action, with the resources it is for. */
function allowed(handler: string): Map<string, unknown[]> {
  const roles = Object.keys(application.findResources('AWS::IAM::Role')).filter((id) =>
    id.startsWith(`Functions${handler.replaceAll('-', '')}role`),
  );
  expect(roles, handler).toHaveLength(1);
  const policies = Object.values(application.findResources('AWS::IAM::Policy')).filter((policy) =>
    policy.Properties.Roles.some((role: { Ref: string }) => role.Ref === roles[0]),
  );
  const may = new Map<string, unknown[]>();
  for (const policy of policies) {
    for (const statement of policy.Properties.PolicyDocument.Statement as Statement[]) {
      expect(statement.Effect).toBe('Allow');
      for (const action of list(statement.Action)) {
        may.set(action, [...(may.get(action) ?? []), ...list(statement.Resource)]);
      }
    }
  }
  return may;
}

describe('what is deployed', () => {
  test('is what was looked at', () => {
    expect(steady(application)).toMatchSnapshot();
    expect(steady(site)).toMatchSnapshot();
  });

  test('has no helper of its own: every resource is a service', () => {
    for (const template of [application, site]) {
      const types = Object.values(template.toJSON().Resources as Record<string, { Type: string }>).map((r) => r.Type);
      expect(types.filter((type) => type.startsWith('Custom::') || type === 'AWS::CloudFormation::CustomResource')).toEqual([]);
    }
  });

  test('has a function for every step of the document, and the document names them all', () => {
    const handlers = Object.values(application.findResources('AWS::Lambda::Function')).map((f) => f.Properties.Handler);
    expect(handlers.sort()).toEqual([...STEPS, 'api', 'confirm-upload', 'sweep'].sort());
    const [machine] = Object.values(application.findResources('AWS::StepFunctions::StateMachine'));
    expect(Object.keys(machine!.Properties.DefinitionSubstitutions).sort()).toEqual([...STEPS]);
    const document = JSON.parse(machine!.Properties.DefinitionString);
    const committed = JSON.parse(readFileSync(new URL('../../states/session.asl.json', import.meta.url), 'utf8'));
    expect(document).toEqual({ TimeoutSeconds: 86400, ...committed });
  });

  test('keeps the versions that running executions name', () => {
    const versions = application.findResources('AWS::Lambda::Version');
    expect(Object.keys(versions)).toHaveLength(STEPS.length);
    for (const version of Object.values(versions)) expect(version.DeletionPolicy).toBe('Retain');
  });
});

describe('what is kept', () => {
  test('is private, encrypted, and sent by TLS only', () => {
    const buckets = application.findResources('AWS::S3::Bucket');
    expect(Object.keys(buckets)).toHaveLength(3);
    for (const bucket of Object.values(buckets)) {
      expect(Object.values(bucket.Properties.PublicAccessBlockConfiguration)).toEqual([true, true, true, true]);
      expect(bucket.Properties.BucketEncryption).toBeDefined();
    }
    const policies = Object.values(application.findResources('AWS::S3::BucketPolicy'));
    expect(policies).toHaveLength(3);
    for (const policy of policies) {
      const statements: Statement[] = policy.Properties.PolicyDocument.Statement;
      const refused = statements.filter((s) => s.Effect === 'Deny' && JSON.stringify(s.Condition).includes('aws:SecureTransport'));
      expect(refused).not.toHaveLength(0);
    }
  });

  test('is never overwritten', () => {
    const statements = Object.values(application.findResources('AWS::S3::BucketPolicy')).flatMap(
      (policy) => policy.Properties.PolicyDocument.Statement as Statement[],
    );
    const demands = statements.filter((statement) => statement.Sid === 'OnlyAtAFreeKey');
    expect(demands).toHaveLength(2);
    for (const demand of demands) {
      expect(demand.Condition).toEqual({ Null: { 's3:if-none-match': 'true' }, Bool: { 's3:ObjectCreationOperation': 'true' } });
    }
  });

  test('tells of uploads by itself, and of nothing to anybody else', () => {
    application.hasResourceProperties('AWS::S3::Bucket', {
      NotificationConfiguration: { QueueConfigurations: [{ Event: 's3:ObjectCreated:*', Queue: Match.anyValue() }] },
    });
    application.hasResourceProperties('AWS::SQS::Queue', { RedrivePolicy: { maxReceiveCount: 5 } });
    application.hasResourceProperties('AWS::Lambda::EventSourceMapping', { FunctionResponseTypes: ['ReportBatchItemFailures'] });
  });

  test('is found again as the adapter asks for it', () => {
    const [table] = Object.values(application.findResources('AWS::DynamoDB::GlobalTable'));
    const rust = readFileSync(new URL('../../aws/src/sessions/item.rs', import.meta.url), 'utf8');
    const names = new Map([...rust.matchAll(/pub const (\w+): &str = "(\w+)";/g)].map((found) => [found[1], found[2]]));
    const key = (hash: string, range?: string) => [
      { AttributeName: names.get(hash), KeyType: 'HASH' },
      ...(range === undefined ? [] : [{ AttributeName: names.get(range), KeyType: 'RANGE' }]),
    ];
    expect(table!.Properties.KeySchema).toEqual(key('ID'));
    expect(table!.Properties.TimeToLiveSpecification).toEqual({ AttributeName: names.get('EXPIRES'), Enabled: true });
    expect(table!.Properties.GlobalSecondaryIndexes).toEqual([
      {
        IndexName: 'by-owner',
        KeySchema: key('LISTED', 'CREATED'),
        Projection: { ProjectionType: 'INCLUDE', NonKeyAttributes: ['STATE', 'PROBLEM', 'RECIPE'].map((n) => names.get(n)) },
      },
      { IndexName: 'by-due', KeySchema: key('DUE_SHARD', 'DUE_AT'), Projection: { ProjectionType: 'KEYS_ONLY' } },
    ]);
    expect(table!.Properties.Replicas[0]).toMatchObject({
      DeletionProtectionEnabled: true,
      PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
    });
  });
});

describe('what a function cannot do', () => {
  const handlers = [...STEPS, 'api', 'confirm-upload', 'sweep'];

  test.each(handlers)('%s cannot delete or scan records, nor make anything of AWS', (handler) => {
    const may = [...allowed(handler).keys()];
    const never = /^(dynamodb:(Delete|Scan|BatchWrite|Create|Update(Table|TimeToLive))|s3:(Put|Delete)Bucket|iam:|lambda:|sts:|kms:|\*)/;
    expect(may.filter((action) => never.test(action))).toEqual([]);
    expect(may.filter((action) => action.includes('*'))).toEqual([]);
  });

  test.each(handlers)('%s has nothing for every resource but traces and network interfaces', (handler) => {
    const everything = [...allowed(handler)].filter(([, resources]) => resources.includes('*')).map(([action]) => action);
    const known = /^(xray:Put(TraceSegments|TelemetryRecords)|ec2:\w+NetworkInterfaces?)$/;
    expect(everything.filter((action) => !known.test(action))).toEqual([]);
  });

  test.each(STEPS)('the step %s cannot start or stop an execution, nor make an upload', (step) => {
    const may = [...allowed(step).keys()];
    expect(may).not.toContain('states:StartExecution');
    expect(may).not.toContain('states:StopExecution');
    expect(may).not.toContain('dynamodb:PutItem');
  });

  test.each(['begin', 'probe', 'finish', 'fail', 'sweep', 'confirm-upload', 'api'])('%s cannot write a result', (handler) => {
    const put = allowed(handler).get('s3:PutObject') ?? [];
    expect(JSON.stringify(put)).not.toContain('Results');
  });

  test('begin cannot touch an object, and probe cannot touch a record', () => {
    expect([...allowed('begin').keys()].filter((action) => action.startsWith('s3:'))).toEqual([]);
    expect([...allowed('probe').keys()].filter((action) => action.startsWith('dynamodb:'))).toEqual([]);
  });

  test('the workflow can only invoke its own steps', () => {
    const [role] = Object.keys(application.findResources('AWS::IAM::Role')).filter((id) => id.startsWith('WorkflowRole'));
    const policies = Object.values(application.findResources('AWS::IAM::Policy')).filter((policy) =>
      policy.Properties.Roles.some((named: { Ref: string }) => named.Ref === role),
    );
    const statements = policies.flatMap((policy) => policy.Properties.PolicyDocument.Statement as Statement[]);
    const invokes = statements.filter((statement) => list(statement.Action).includes('lambda:InvokeFunction'));
    expect(invokes).toHaveLength(1);
    expect(list(invokes[0]!.Resource)).toHaveLength(STEPS.length);
    expect(JSON.stringify(invokes)).not.toContain('"*"');
    const others = statements.flatMap((statement) => list(statement.Action)).filter((action) => action !== 'lambda:InvokeFunction');
    expect(others.every((action) => /^(logs|xray):/.test(action))).toBe(true);
  });
});

describe('the API', () => {
  test('lets nobody in without a token but to what is for everybody', () => {
    const routes = Object.values(application.findResources('AWS::ApiGatewayV2::Route')).map((route) => route.Properties);
    const open = routes.filter((route) => route.AuthorizationType !== 'JWT').map((route) => route.RouteKey);
    expect(open.sort()).toEqual(['GET /api/recipes', 'GET /healthz', 'GET /openapi.json']);
  });

  test('is logged and throttled', () => {
    application.hasResourceProperties('AWS::ApiGatewayV2::Stage', {
      AccessLogSettings: Match.anyValue(),
      DefaultRouteSettings: { ThrottlingRateLimit: 50, ThrottlingBurstLimit: 100 },
    });
    const [stage] = Object.values(application.findResources('AWS::ApiGatewayV2::Stage'));
    expect(stage!.Properties.AccessLogSettings.Format).not.toContain('query');
  });
});

test('every alarm says what to do', () => {
  const alarms = Object.values(application.findResources('AWS::CloudWatch::Alarm')).map((alarm) => alarm.Properties);
  expect(alarms.length).toBeGreaterThanOrEqual(7);
  for (const alarm of alarms) {
    expect(alarm.AlarmDescription.length).toBeGreaterThan(20);
    expect(alarm.AlarmActions).toHaveLength(1);
  }
});
