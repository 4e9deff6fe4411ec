// The templates: what is in them, and what must not be.

import { readFileSync } from 'node:fs';

import { App } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { beforeAll, describe, expect, test } from 'vitest';

import limits from '../../states/limits.json' with { type: 'json' };
import { STEPS, WORKED } from '../lib/document.ts';
import type { Settings } from '../lib/settings.ts';
import { SiteStack } from '../lib/site.ts';
import { stacks } from '../lib/stacks.ts';
import { ALL, CALLED, type Statement, TELLS, allowed, list } from './roles.ts';
import { SETTINGS } from './settings.ts';

/** The machine of sessions. */
const sessions = () =>
  Object.values(application.findResources('AWS::StepFunctions::StateMachine')).find(
    (machine) => machine.Properties.StateMachineName === 'lockgate-test-session',
  )!;

let application: Template;
let site: Template;

beforeAll(() => {
  const made = stacks(new App(), SETTINGS);
  application = Template.fromStack(made.application);
  site = Template.fromStack(made.site!);
});

/** Without what changes with every build of the artefact. */
function steady(template: Template): unknown {
  return JSON.parse(JSON.stringify(template.toJSON()).replace(/[0-9a-f]{64}/g, 'HASH'));
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
    expect(handlers.sort()).toEqual([...ALL].sort());
    const machine = sessions();
    expect(Object.keys(machine!.Properties.DefinitionSubstitutions).sort()).toEqual([...STEPS, ...WORKED].sort());
    const document = JSON.parse(machine!.Properties.DefinitionString);
    const committed = JSON.parse(readFileSync(new URL('../../states/session.asl.json', import.meta.url), 'utf8'));
    for (const state of ['FlacByWorker', 'Thumbnails', 'Video']) committed.States[state].HeartbeatSeconds = limits.heartbeatOnAwsSeconds;
    expect(document).toEqual({ TimeoutSeconds: 86400, ...committed });
    application.hasResourceProperties('AWS::StepFunctions::StateMachine', {
      StateMachineName: 'lockgate-test-session-notify',
      DefinitionString: JSON.stringify(JSON.parse(readFileSync(new URL('../../states/notify.asl.json', import.meta.url), 'utf8'))),
      DefinitionSubstitutions: { deliver: Match.anyValue() },
    });
  });

  test('has an activity of the name that the adapter asks for, for every step that workers do', () => {
    expect(WORKED).toEqual(['flacByWorker', 'thumbnails', 'video']);
    const names = Object.values(application.findResources('AWS::StepFunctions::Activity')).map((a) => a.Properties.Name);
    expect(names.sort()).toEqual(['flac', 'thumbnails', 'video'].map((step) => `lockgate-test-session-${step}`));
  });

  test('keeps the versions that running executions name', () => {
    const versions = application.findResources('AWS::Lambda::Version');
    expect(Object.keys(versions)).toHaveLength(ALL.length);
    for (const version of Object.values(versions)) expect(version.DeletionPolicy).toBe('Retain');
    const machine = sessions();
    const functions = STEPS.map((step) => machine!.Properties.DefinitionSubstitutions[step].Ref);
    expect(functions.every((ref) => versions[ref] !== undefined)).toBe(true);
  });

  test('is called from outside by an alias only, which can be set back', () => {
    const aliases = application.findResources('AWS::Lambda::Alias');
    expect(Object.values(aliases).map((alias) => alias.Properties.Name)).toEqual(CALLED.map(() => 'live'));
    const ids = Object.keys(aliases);
    const isAlias = (target: { Ref?: string }) => ids.includes(target.Ref ?? '');
    const mappings = Object.values(application.findResources('AWS::Lambda::EventSourceMapping'));
    expect(mappings).toHaveLength(2);
    for (const mapping of mappings) expect(JSON.stringify(mapping.Properties.FunctionName)).toMatch(/live/);
    const targets = Object.values(application.findResources('AWS::Events::Rule')).flatMap((rule) => rule.Properties.Targets as { Arn: { Ref?: string } }[]);
    const functions = targets.filter((target) => target.Arn.Ref !== undefined);
    expect(functions).toHaveLength(3);
    expect(functions.every((target) => isAlias(target.Arn))).toBe(true);
    const [integration] = Object.values(application.findResources('AWS::ApiGatewayV2::Integration'));
    expect(isAlias(integration!.Properties.IntegrationUri)).toBe(true);
  });
});

test('all functions run in the network of the site, but for the one that reaches people’s own servers', () => {
  const functions = Object.values(application.findResources('AWS::Lambda::Function')).map((f) => f.Properties);
  const outside = functions.filter((made) => made.VpcConfig === undefined).map((made) => made.Handler);
  expect(outside).toEqual(['deliver']);
  // The ones within have no way out, so that nothing there may need one.
  site.resourceCountIs('AWS::EC2::NatGateway', 0);
  const actions = [...allowed(application, 'deliver').keys()];
  expect(actions.filter((action) => action.startsWith('ec2:'))).toEqual([]);
});

describe('a site', () => {
  const offers = (settings: Settings) => Template.fromStack(stacks(new App(), settings).site!).toJSON();

  test('is the same whatever a stage asks for, since other stages use it too', () => {
    const all = offers(SETTINGS);
    const least = { ...SETTINGS, worker: undefined, workers: false, service: undefined };
    expect(offers(least)).toEqual(all);
    expect(offers({ ...least, stage: 'other', mail: undefined, alarms: undefined })).toEqual(all);
    // Nor is anything exported that the site itself does not say that it offers.
    const alone = new SiteStack(new App(), 'Lockgate-Site-main', { settings: SETTINGS });
    const exported = (template: Record<string, any>) => Object.values<any>(template['Outputs']).map((output) => output.Export?.Name);
    expect(exported(all)).toEqual(exported(Template.fromStack(alone).toJSON()));
  });

  test('watches over the account as far as it is asked to', () => {
    site.hasResourceProperties('AWS::GuardDuty::Detector', { Enable: true });
    site.resourceCountIs('AWS::SecurityHub::Hub', 1);
    site.hasResourceProperties('AWS::Scheduler::Schedule', {
      Target: { Arn: 'arn:aws:scheduler:::aws-sdk:inspector2:enable', Input: JSON.stringify({ ResourceTypes: ['ECR', 'LAMBDA'] }) },
    });
    const statements = Object.values(site.findResources('AWS::IAM::Policy')).flatMap((policy) => policy.Properties.PolicyDocument.Statement as Statement[]);
    const everywhere = statements.filter((statement) => list(statement.Resource).includes('*')).flatMap((statement) => list(statement.Action));
    expect(everywhere.sort()).toEqual(['iam:CreateServiceLinkedRole', 'inspector2:Enable']);
    const types = Object.values<{ Type: string }>(offers({ ...SETTINGS, guardDuty: false, securityHub: false, inspector: false })['Resources']);
    expect(types.filter(({ Type }) => /GuardDuty|SecurityHub|Scheduler/.test(Type))).toEqual([]);
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
  const handlers = ALL;

  test.each(handlers)('%s cannot delete or scan records, nor make anything of AWS', (handler) => {
    const may = [...allowed(application, handler).keys()];
    const never = /^(dynamodb:(Delete|Scan|BatchWrite|Create|Update(Table|TimeToLive))|s3:(Put|Delete)Bucket|iam:|lambda:|sts:|kms:|\*)/;
    expect(may.filter((action) => never.test(action))).toEqual([]);
    expect(may.filter((action) => action.includes('*'))).toEqual([]);
  });

  test.each(handlers)('%s has nothing for every resource but traces and network interfaces', (handler) => {
    const everything = [...allowed(application, handler)].filter(([, resources]) => resources.includes('*')).map(([action]) => action);
    const known = /^(xray:Put(TraceSegments|TelemetryRecords)|ec2:(\w+NetworkInterfaces?|DescribeSubnets|(Una|A)ssignPrivateIpAddresses))$/;
    expect(everything.filter((action) => !known.test(action))).toEqual([]);
  });

  test('all that is granted for every resource, to whomever, is what can be granted for no single one', () => {
    const policies = [application, site].flatMap((template) => Object.values(template.findResources('AWS::IAM::Policy')));
    const statements: Statement[] = policies.flatMap(({ Properties }) => Properties.PolicyDocument.Statement);
    const everything = statements.filter(({ Resource }) => list(Resource).includes('*')).flatMap(({ Action }) => list(Action));
    expect([...new Set(everything)].sort()).toEqual([
      'ec2:AssignPrivateIpAddresses',
      'ec2:CreateNetworkInterface',
      'ec2:DeleteNetworkInterface',
      'ec2:DescribeNetworkInterfaces',
      'ec2:DescribeSubnets',
      'ec2:UnassignPrivateIpAddresses',
      'ecr:GetAuthorizationToken',
      'iam:CreateServiceLinkedRole',
      'inspector2:Enable',
      ...TELLS,
    ]);
  });

  test('who is in the network can make its interfaces there, and nobody else', () => {
    const functions = Object.values(application.findResources('AWS::Lambda::Function')).map(({ Properties }) => Properties);
    expect(functions.filter(({ VpcConfig }) => VpcConfig).length).toBeGreaterThan(9);
    for (const { Handler, VpcConfig } of functions) {
      expect([Handler, allowed(application, Handler).has('ec2:CreateNetworkInterface')]).toEqual([Handler, VpcConfig !== undefined]);
    }
  });

  test('the endpoints of services let in all that is in the site, to which alone their names lead', () => {
    const endpoints = Object.values(site.findResources('AWS::EC2::VPCEndpoint', { Properties: { VpcEndpointType: 'Interface' } }));
    expect(endpoints.length).toBe(3);
    const [network] = Object.values(site.findResources('AWS::EC2::VPC'));
    const groups = site.findResources('AWS::EC2::SecurityGroup');
    for (const { Properties } of endpoints) {
      expect(Properties.PrivateDnsEnabled).toBe(true);
      const [group] = Properties.SecurityGroupIds.map((id: { 'Fn::GetAtt': [string] }) => groups[id['Fn::GetAtt'][0]]);
      expect(group.Properties.SecurityGroupIngress).toEqual([
        expect.objectContaining({ CidrIp: network!.Properties.CidrBlock, FromPort: 443, ToPort: 443 }),
      ]);
    }
  });

  test.each(STEPS)('the step %s cannot start or stop an execution, nor make an upload', (step) => {
    const may = allowed(application, step);
    // The last steps have their owner told.
    const starts = JSON.stringify(may.get('states:StartExecution') ?? []);
    expect(starts).toBe(['finish', 'fail'].includes(step) ? starts : '[]');
    expect(starts).not.toMatch(/lockgate-test-session"/);
    expect([...may.keys()]).not.toContain('states:StopExecution');
    expect([...may.keys()]).not.toContain('dynamodb:PutItem');
  });

  test.each(['begin', 'probe', 'captions', 'finish', 'fail', 'deliver', 'sweep', 'confirm-upload', 'api'])('%s cannot write a result', (handler) => {
    const put = allowed(application, handler).get('s3:PutObject') ?? [];
    expect(JSON.stringify(put)).not.toContain('Results');
  });

  test('begin cannot touch an object, and probe cannot touch a record', () => {
    expect([...allowed(application, 'begin').keys()].filter((action) => action.startsWith('s3:'))).toEqual([]);
    expect([...allowed(application, 'probe').keys()].filter((action) => action.startsWith('dynamodb:'))).toEqual([]);
  });
});

describe('the API', () => {
  test('may read what it says by that it is well', () => {
    const health = readFileSync(new URL('../../service/src/api/health.rs', import.meta.url), 'utf8');
    expect(health).toContain('sessions.due(');
    expect(JSON.stringify(allowed(application, 'api').get('dynamodb:Query'))).toContain('index/by-due');
  });

  test('lets nobody in without a token but to what is for everybody', () => {
    const routes = Object.values(application.findResources('AWS::ApiGatewayV2::Route')).map((route) => route.Properties);
    const open = routes.filter((route) => route.AuthorizationType !== 'JWT').map((route) => route.RouteKey);
    expect(open.sort()).toEqual(['GET /api/recipes', 'GET /api/sign-in', 'GET /healthz', 'GET /openapi.json', 'GET /problems/{slug}']);
  });

  test('alone is told where people sign in, and they come back to the page and nowhere else', () => {
    const [[, client]] = Object.entries(application.findResources('AWS::Cognito::UserPoolClient')) as [[string, { Properties: Record<string, unknown> }]];
    expect(client.Properties).toMatchObject({
      AllowedOAuthFlows: ['code'],
      AllowedOAuthScopes: ['openid', 'email'],
      GenerateSecret: false,
    });
    const [url] = Object.values(application.findOutputs('PageUrl')).map((output) => output.Value['Fn::Join'][1]);
    const at = (place: string) => [{ 'Fn::Join': ['', [...url, place]] }];
    expect(client.Properties['CallbackURLs']).toEqual(at('/signed-in'));
    expect(client.Properties['LogoutURLs']).toEqual(at('/sign-in'));
    const functions = Object.values(application.findResources('AWS::Lambda::Function')).map(({ Properties }) => Properties);
    const told = functions.filter((made) => 'LOCKGATE_SIGN_IN' in made.Environment.Variables);
    expect(told.map((made) => made.Handler)).toEqual(['api']);
    application.hasResourceProperties('AWS::Cognito::UserPoolDomain', {
      Domain: { 'Fn::Join': ['', ['lockgate-test-', { Ref: 'AWS::AccountId' }]] },
    });
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

describe('workers', () => {
  test('are none without work, and no more than was said', () => {
    application.hasResourceProperties('AWS::ECS::Service', { DesiredCount: 0 });
    application.hasResourceProperties('AWS::ApplicationAutoScaling::ScalableTarget', { MinCapacity: 0, MaxCapacity: 4 });
    const policies = Object.values(application.findResources('AWS::ApplicationAutoScaling::ScalingPolicy'));
    const stepped = policies.flatMap((policy) => policy.Properties.StepScalingPolicyConfiguration ?? []);
    const steps = stepped.flatMap((policy) => policy.StepAdjustments as { ScalingAdjustment: number }[]);
    expect(steps.map((step) => step.ScalingAdjustment).sort()).toEqual([0, 1, 2, 4]);
  });

  test('are told what the functions are told', () => {
    const [task] = Object.values(application.findResources('AWS::ECS::TaskDefinition', { Properties: { EphemeralStorage: Match.anyValue() } }));
    const [container] = task!.Properties.ContainerDefinitions as { Environment: { Name: string }[]; ReadonlyRootFilesystem: boolean }[];
    expect(container!.ReadonlyRootFilesystem).toBe(true);
    const names = container!.Environment.map(({ Name }) => Name);
    const functions = Object.values(application.findResources('AWS::Lambda::Function'));
    const sweep = functions.find((made) => made.Properties.Handler === 'sweep');
    expect(names).toEqual(expect.arrayContaining(Object.keys(sweep!.Properties.Environment.Variables)));
  });

  test('cannot start or stop an execution, nor read a list, nor write an upload', () => {
    const may = [...allowed(application, '', 'WorkersRole').entries()];
    const actions = may.map(([action]) => action);
    expect(actions).toContain('states:GetActivityTask');
    for (const never of ['states:StartExecution', 'states:StopExecution', 'dynamodb:Query', 'dynamodb:PutItem']) expect(actions).not.toContain(never);
    const put = may.find(([action]) => action === 's3:PutObject')![1];
    expect(JSON.stringify(put)).not.toContain('Uploads');
  });

  test('are nowhere unless they are asked for', () => {
    const { application } = stacks(new App(), { ...SETTINGS, worker: undefined, workers: false, service: undefined });
    const without = Template.fromStack(application);
    for (const type of ['AWS::ECS::Service', 'AWS::ECS::Cluster', 'AWS::ECS::TaskDefinition']) without.resourceCountIs(type, 0);
    without.allResourcesProperties('AWS::Lambda::Function', { Environment: { Variables: Match.objectLike({ LOCKGATE_WORKERS: 'false' }) } });
  });
});

describe('what Transcribe tells', () => {
  test('is of this stage only, and comes through a queue that ends in the dead letters', () => {
    application.hasResourceProperties('AWS::Events::Rule', {
      EventPattern: { source: ['aws.transcribe'], detail: Match.objectLike({ TranscriptionJobName: [{ prefix: 'lockgate-test-' }] }) },
      Targets: [Match.objectLike({ Arn: { 'Fn::GetAtt': [Match.stringLikeRegexp('^StoreTranscribed'), 'Arn'] } })],
    });
    const queues = Object.values(application.findResources('AWS::SQS::Queue')).filter((queue) => queue.Properties.RedrivePolicy !== undefined);
    expect(queues).toHaveLength(2);
  });

  test('only the step that asks it can start a transcription, under names of this stage', () => {
    for (const handler of ALL) {
      const may = allowed(application, handler).get('transcribe:StartTranscriptionJob');
      if (handler === 'captions') expect(JSON.stringify(may)).toContain('transcription-job/lockgate-test-*');
      else expect(may).toBeUndefined();
    }
  });
});

test('an execution that ends badly has the sweep come at once', () => {
  application.hasResourceProperties('AWS::Events::Rule', {
    EventPattern: { source: ['aws.states'], detail: Match.objectLike({ status: ['FAILED', 'TIMED_OUT', 'ABORTED'] }) },
    Targets: [Match.objectLike({ Arn: { Ref: Match.stringLikeRegexp('^Functionssweeplive') } })],
  });
});

test('every alarm says what to do', () => {
  const alarms = Object.values(application.findResources('AWS::CloudWatch::Alarm'))
    .map((alarm) => alarm.Properties)
    .filter((alarm) => !JSON.stringify(alarm.AlarmActions).includes('WorkersService')); // those only scale
  expect(alarms).toHaveLength(12);
  for (const alarm of alarms) {
    expect(alarm.AlarmDescription.length).toBeGreaterThan(20);
    expect(alarm.AlarmActions).toHaveLength(1);
  }
});
