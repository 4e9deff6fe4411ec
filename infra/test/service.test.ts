// The API in containers: that it is reached by its balancer alone and by TLS, what it may do, what is sent to it, and that
// it is nowhere unless it is asked for.

import { readFileSync } from 'node:fs';

import { App } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { beforeAll, expect, test } from 'vitest';

import { readService } from '../lib/settings.ts';
import { stacks } from '../lib/stacks.ts';
import { allowed } from './roles.ts';
import { SETTINGS } from './settings.ts';

const SOURCE = readFileSync(new URL('../../aws/src/bin/lockgate-worker.rs', import.meta.url), 'utf8');

let application: Template;

beforeAll(() => {
  application = Template.fromStack(stacks(new App(), SETTINGS).application);
});

const container = () => {
  const tasks = Object.values(application.findResources('AWS::ECS::TaskDefinition'));
  const containers = tasks.flatMap((task) => task.Properties.ContainerDefinitions as any[]);
  return containers.find(({ Command }) => Command?.[0] === 'api');
};

test('it is reached by TLS, and its containers by the balancer alone', () => {
  application.resourceCountIs('AWS::ElasticLoadBalancingV2::Listener', 1);
  application.hasResourceProperties('AWS::ElasticLoadBalancingV2::Listener', {
    Port: 443,
    Protocol: 'HTTPS',
    SslPolicy: Match.stringLikeRegexp('TLS13'),
    Certificates: [{ CertificateArn: SETTINGS.service!.certificate }],
  });
  const groups = Object.entries(application.findResources('AWS::EC2::SecurityGroup'));
  const open = groups.flatMap(([, group]) => (group.Properties.SecurityGroupIngress ?? []) as { CidrIp: string; FromPort: number }[]);
  expect(open).toEqual([expect.objectContaining({ CidrIp: '0.0.0.0/0', FromPort: 443, ToPort: 443 })]);
  const inner = Object.values(application.findResources('AWS::EC2::SecurityGroupIngress')).map((rule) => rule.Properties);
  expect(inner.map(({ FromPort }) => FromPort).sort()).toEqual([8080, 9000]);
  for (const rule of inner) {
    expect(JSON.stringify(rule.GroupId)).toContain('ServiceInner');
    expect(JSON.stringify(rule.SourceSecurityGroupId)).toContain('ServiceOuter');
  }
});

test('it is asked whether it is well where it asks for no name', () => {
  application.hasResourceProperties('AWS::ElasticLoadBalancingV2::TargetGroup', { Port: 8080, HealthCheckPath: '/healthz', HealthCheckPort: '9000' });
  const told = new Map<string, unknown>(container().Environment.map(({ Name, Value }: { Name: string; Value: unknown }) => [Name, Value]));
  expect(told.get('LOCKGATE_API_LISTEN')).toBe('0.0.0.0:8080');
  expect(told.get('LOCKGATE_LISTEN')).toBe('0.0.0.0:9000');
});

test('it is told what the function is told, and what it must be told besides', () => {
  const names = container().Environment.map(({ Name }: { Name: string }) => Name);
  const [api] = Object.values(application.findResources('AWS::Lambda::Function', { Properties: { Handler: 'api' } }));
  const must = [...SOURCE.matchAll(/must\("(LOCKGATE_\w+)"\)/g)].map((found) => found[1]);
  expect(must.length).toBeGreaterThan(1);
  expect(names).toEqual(expect.arrayContaining([...Object.keys(api!.Properties.Environment.Variables), ...must, 'LOCKGATE_TRUSTED_PROXIES']));
  expect(JSON.stringify(container().Environment)).toContain(',api.example.org"');
  expect(container().ReadonlyRootFilesystem).toBe(true);
});

test('it may do what the function may, but for what that needs to be one', () => {
  const ofFunctions = /^(logs|xray|ec2):/;
  const theirs = [...allowed(application, 'api')].filter(([action]) => !ofFunctions.test(action));
  const own = allowed(application, '', 'ServiceRole');
  expect([...own.keys()].sort()).toEqual(theirs.map(([action]) => action).sort());
  expect(JSON.stringify(own.get('s3:PutObject'))).not.toContain('Results');
});

test('the distribution sends it the pictures, and nothing else', () => {
  const [distribution] = Object.values(application.findResources('AWS::CloudFront::Distribution'));
  const { CacheBehaviors, Origins } = distribution!.Properties.DistributionConfig;
  const [origin] = Origins.filter(({ DomainName }: { DomainName: unknown }) => DomainName === 'api.example.org');
  expect(origin.CustomOriginConfig).toMatchObject({ OriginProtocolPolicy: 'https-only' });
  const there = CacheBehaviors.filter(({ TargetOriginId }: { TargetOriginId: string }) => TargetOriginId === origin.Id);
  expect(there.map(({ PathPattern }: { PathPattern: string }) => PathPattern)).toEqual(['/images']);
});

test('there is none, nor anything that costs while idle, unless it is asked for', () => {
  const { application } = stacks(new App(), { ...SETTINGS, service: undefined });
  const without = Template.fromStack(application);
  for (const type of ['LoadBalancer', 'Listener', 'TargetGroup']) without.resourceCountIs(`AWS::ElasticLoadBalancingV2::${type}`, 0);
  without.resourceCountIs('AWS::ECS::Service', 1); // the workers', of which there are none
  without.hasResourceProperties('AWS::ECS::Service', { DesiredCount: 0 });
});

test('it takes an image, a name and its certificate', () => {
  const { tag, host, certificate } = SETTINGS.service!;
  expect(readService()).toBeUndefined();
  expect(readService(tag, host, certificate)).toEqual(SETTINGS.service);
  for (const lacks of [[undefined, host], [tag], [tag, host], [tag, 'https://x', certificate], [tag, host, 'x']] as const) {
    expect(() => readService(...lacks)).toThrow(/api/i);
  }
});
