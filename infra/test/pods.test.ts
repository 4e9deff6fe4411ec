// The roles of pods: who may be them, that they may do what the same processes may on ECS and no more, and that there are none
// unless they are asked for.

import { readFileSync } from 'node:fs';

import { App } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { beforeAll, describe, expect, test } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';

import { readPods } from '../lib/settings.ts';
import { stacks } from '../lib/stacks.ts';
import { allowed, role } from './roles.ts';
import { BY_ISSUER, DEFAULT, PROVIDER, SETTINGS } from './settings.ts';

let application: Template;
let byIssuer: Template;

beforeAll(() => {
  application = Template.fromStack(stacks(new App(), SETTINGS).application);
  byIssuer = Template.fromStack(stacks(new App(), BY_ISSUER).application);
});

describe.each([
  ['worker', 'PodsWorker'],
  ['api', 'PodsApi'],
])('the role of %s', (account, begins) => {
  test('is for the pods of its service account in its namespace of the one cluster, as the agent tags them', () => {
    const [partition, region, owner] = ['Partition', 'Region', 'AccountId'].map((name) => ({ Ref: `AWS::${name}` }));
    const cluster = { 'Fn::Join': ['', ['arn:', partition, ':eks:', region, ':', owner, ':cluster/media']] };
    expect(role(application, begins).assumed).toEqual([
      {
        Action: ['sts:AssumeRole', 'sts:TagSession'],
        Condition: {
          StringEquals: {
            'aws:RequestTag/eks-cluster-arn': cluster,
            'aws:RequestTag/kubernetes-namespace': 'lockgate',
            'aws:RequestTag/kubernetes-service-account': account,
          },
        },
        Effect: 'Allow',
        Principal: { Service: 'pods.eks.amazonaws.com' },
      },
    ]);
  });

  test('is given by the agent to that service account', () => {
    const associations = Object.values(application.findResources('AWS::EKS::PodIdentityAssociation')).map(({ Properties }) => Properties);
    expect(associations).toHaveLength(2);
    const [own] = associations.filter(({ ServiceAccount }) => ServiceAccount === account);
    const arn = { 'Fn::GetAtt': [role(application, begins).id, 'Arn'] };
    expect(own).toMatchObject({ ClusterName: 'media', Namespace: 'lockgate', RoleArn: arn });
    // Without the tags nobody could be it.
    expect(own!.DisableSessionTags).toBeUndefined();
  });

  test('is for the same pods, where an issuer says who they are, and for tokens that are meant for AWS', () => {
    const issuer = 'oidc.eks.us-east-1.amazonaws.com/id/0A1B';
    expect(role(byIssuer, begins).assumed).toEqual([
      {
        Action: 'sts:AssumeRoleWithWebIdentity',
        Condition: { StringEquals: { [`${issuer}:aud`]: 'sts.amazonaws.com', [`${issuer}:sub`]: `system:serviceaccount:lockgate:${account}` } },
        Effect: 'Allow',
        Principal: { Federated: PROVIDER },
      },
    ]);
    byIssuer.resourceCountIs('AWS::EKS::PodIdentityAssociation', 0);
  });

  test('is said by the stack, which an annotation takes', () => {
    const output = { worker: 'WorkerRole', api: 'ApiRole' }[account]!;
    for (const template of [application, byIssuer]) {
      expect(template.findOutputs(output)[output]!.Value).toEqual({ 'Fn::GetAtt': [role(template, begins).id, 'Arn'] });
    }
    const overlay = readFileSync(new URL('../../deploy/k8s-irsa/kustomization.yaml', import.meta.url), 'utf8');
    const [patch] = parse(overlay).patches.filter(({ target }: { target: { name: string } }) => target.name === account);
    expect(patch.patch).toMatch(new RegExp(`role-arn: arn:aws:iam::\\d{12}:role/${output}\\n`));
  });
});

describe('on Kubernetes', () => {
  const may = (template: Template, begins: string) => allowed(template, '', begins);

  test('a worker may do what one may on ECS, but for what it says to ECS', () => {
    const { 'ecs:UpdateTaskProtection': _, 'ecs:GetTaskProtection': __, ...onEcs } = Object.fromEntries(may(application, 'WorkersRole'));
    expect(Object.fromEntries(may(application, 'PodsWorker'))).toEqual(onEcs);
  });

  test('the API may do what it may on ECS', () => {
    expect(may(application, 'PodsApi')).toEqual(may(application, 'ServiceRole'));
  });

  test('it makes no difference who says which pod it is', () => {
    for (const begins of ['PodsWorker', 'PodsApi']) expect([...may(byIssuer, begins).keys()]).toEqual([...may(application, begins).keys()]);
  });

  test('a worker cannot start or stop an execution, read a list, make a record or write an upload', () => {
    const worker = may(application, 'PodsWorker');
    for (const never of ['states:StartExecution', 'states:StopExecution', 'dynamodb:Query', 'dynamodb:PutItem', 'ssm:PutParameter']) {
      expect([...worker.keys()]).not.toContain(never);
    }
    expect(JSON.stringify(worker.get('s3:PutObject'))).not.toContain('Uploads');
  });

  test('the API cannot write a result, take a worker’s task or answer for one, or write a letter', () => {
    const api = may(application, 'PodsApi');
    expect(JSON.stringify(api.get('s3:PutObject'))).not.toContain('Results');
    const never = /^(states:(GetActivityTask|SendTask)|ses:|cognito-idp:|transcribe:)/;
    expect([...api.keys()].filter((action) => never.test(action))).toEqual([]);
  });

  test.each(['PodsWorker', 'PodsApi'])('%s cannot delete or scan records, make anything of AWS, or do anything to every resource', (begins) => {
    for (const template of [application, byIssuer]) {
      const role = [...may(template, begins)];
      const never = /^(dynamodb:(Delete|Scan|BatchWrite|Create|UpdateT)|s3:(Put|Delete)Bucket|iam:|lambda:|sts:|kms:|ecs:|ec2:)|[*]/;
      expect(role.map(([action]) => action).filter((action) => never.test(action))).toEqual([]);
      expect(role.filter(([, resources]) => resources.includes('*'))).toEqual([]);
    }
  });
});

test('the pods are those of deploy/k8s, unless it is said otherwise', () => {
  const read = (file: string) => readFileSync(new URL(`../../deploy/k8s/${file}`, import.meta.url), 'utf8');
  const accounts = parseAllDocuments(read('account.yaml')).map((document) => document.toJS().metadata.name);
  const { namespace, worker, api } = readPods('media')!;
  expect([namespace, worker, api]).toEqual([parse(read('kustomization.yaml')).namespace, ...accounts]);
});

test('there are no roles of pods unless they are asked for', () => {
  const without = Template.fromStack(stacks(new App(), DEFAULT).application);
  expect(Object.keys(without.findResources('AWS::IAM::Role')).filter((id) => id.startsWith('Pods'))).toEqual([]);
  without.resourceCountIs('AWS::EKS::PodIdentityAssociation', 0);
  expect(without.findOutputs('WorkerRole')).toEqual({});
});

test('who says which pod it is, is a cluster or a provider, and the names are such as there are', () => {
  expect(readPods()).toBeUndefined();
  expect(readPods(PROVIDER, 'media', 'w', 'a')).toEqual({ by: { provider: PROVIDER }, namespace: 'media', worker: 'w', api: 'a' });
  for (const by of ['https://oidc.eks.us-east-1.amazonaws.com/id/0A1B', 'arn:aws:iam::123456789012:role/x', 'a cluster', '*']) {
    expect(() => readPods(by)).toThrow(/neither/);
  }
  for (const names of [['*'], ['lockgate', 'worker*'], ['lockgate', 'worker', 'a:b']]) expect(() => readPods('media', ...names)).toThrow(/no name/);
  expect(() => readPods('media', 'lockgate', 'one', 'one')).toThrow(/not both/);
});
