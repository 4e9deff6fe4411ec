// That one command brings a stage up, from nothing and over what is there: `deploy.sh` with an account that is none
// (`account.sh`), which refuses what takes something that is not there yet.

import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { App } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { describe, expect, test } from 'vitest';

import { stacks } from '../lib/stacks.ts';
import { SETTINGS } from './settings.ts';

const INFRA = new URL('..', import.meta.url).pathname;

/** What the account is asked through. */
const PROGRAMS = ['aws', 'cdk', 'docker', 'tsx'];

/** What a machine has anyway. */
const TOOLS = ['sh', 'make', 'mktemp', 'grep', 'sort', 'cat', 'rm', 'touch', 'find'];

interface Case {
  /** What there is before. */
  readonly there?: string[];
  readonly settings?: Record<string, string>;
  readonly without?: string;
  readonly region?: string;
}

function deploy({ there = [], settings = {}, without, region = 'eu-west-1' }: Case) {
  const account = mkdtempSync(join(tmpdir(), 'account-'));
  const path = join(account, 'bin');
  mkdirSync(path);
  for (const program of PROGRAMS) if (program !== without) symlinkSync(join(INFRA, 'test/account.sh'), join(path, program));
  for (const tool of TOOLS) symlinkSync(execFileSync('/bin/sh', ['-c', `command -v ${tool}`], { encoding: 'utf8' }).trim(), join(path, tool));
  for (const thing of there) writeFileSync(join(account, thing), '');
  const told = Object.entries({ stage: 'prod', ...settings }).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const asked = [settings['worker'], settings['apiService']].filter((tag) => tag !== undefined).join(' ');
  const env = { PATH: path, ACCOUNT: account, ASKED: asked, AWS_REGION: region };
  const { status, stderr } = spawnSync('/bin/sh', ['deploy.sh', ...told], { cwd: INFRA, env, encoding: 'utf8' });
  const calls = existsSync(join(account, 'calls')) ? readFileSync(join(account, 'calls'), 'utf8').trimEnd().split('\n') : [];
  // What only asks may be asked at any time.
  const changes = calls.filter((call) => !/^(aws (?!ecr get-login)|cdk synth|docker version)/.test(call));
  return { status, stderr, calls, changes };
}

const BOOTSTRAP = 'cdk bootstrap --app cdk.out aws://123456789012/eu-west-1';
const SITE = 'cdk deploy --app cdk.out --require-approval never Lockgate-Site-main';
const ALL = 'cdk deploy --app cdk.out --all --require-approval never --outputs-file cdk.out/outputs.json';
const PAGE = 'tsx bin/page.ts ../web/dist/page cdk.out/outputs.json Lockgate-prod';
const IMAGES = '123456789012.dkr.ecr.eu-west-1.amazonaws.com/lockgate-worker-main';
const LOGIN = ['aws ecr get-login-password', 'docker login --username AWS --password-stdin 123456789012.dkr.ecr.eu-west-1.amazonaws.com'];
const image = (tag: string) => [
  `docker build --platform linux/amd64 --file deploy/worker/Dockerfile --tag ${IMAGES}:${tag} .`,
  `docker push ${IMAGES}:${tag}`,
];
const WORKERS = { site: 'main', worker: 'v1' };

describe('one command brings up', () => {
  test('a stage in an account that has never seen CDK', () => {
    const { status, changes, calls } = deploy({});
    expect(changes).toEqual([BOOTSTRAP, ALL, PAGE]);
    expect(status).toBe(0);
    // A stage without containers asks for no image and for no Docker.
    expect(calls.filter((call) => /ecr|docker/.test(call))).toEqual([]);
  });

  test('a stage in an account that is bootstrapped, which it is not again', () => {
    expect(deploy({ there: ['bootstrapped'] }).changes).toEqual([ALL, PAGE]);
  });

  test('a stage with workers from nothing: the repository, then the image, then what runs it', () => {
    const { status, stderr, changes } = deploy({ settings: WORKERS });
    expect(changes, stderr).toEqual([BOOTSTRAP, SITE, ...LOGIN, ...image('v1'), ALL, PAGE]);
    expect(status).toBe(0);
  });

  test('workers in a site that is there', () => {
    expect(deploy({ there: ['bootstrapped', 'repository'], settings: WORKERS }).changes).toEqual([...LOGIN, ...image('v1'), ALL, PAGE]);
  });

  test('an image that is there, without making it again: going back takes no Docker', () => {
    const { status, changes } = deploy({ there: ['bootstrapped', 'repository', 'image-v1'], settings: WORKERS, without: 'docker' });
    expect(changes).toEqual([ALL, PAGE]);
    expect(status).toBe(0);
  });

  test('the one image of workers and of the API in containers once, and two of two tags', () => {
    const there = ['bootstrapped', 'repository'];
    expect(deploy({ there, settings: { ...WORKERS, apiService: 'v1' } }).changes).toEqual([...LOGIN, ...image('v1'), ALL, PAGE]);
    expect(deploy({ there, settings: { ...WORKERS, apiService: 'v2' } }).changes).toEqual([...LOGIN, ...image('v1'), ...image('v2'), ALL, PAGE]);
    expect(deploy({ there, settings: { site: 'main', apiService: 'v2' } }).changes).toEqual([...LOGIN, ...image('v2'), ALL, PAGE]);
  });
});

describe('nothing is changed', () => {
  test.each([{ without: 'docker' }, { there: ['asleep'] }])('when an image is to be made and Docker is not there: %j', (lacks) => {
    const { status, stderr, changes } = deploy({ settings: WORKERS, ...lacks });
    expect(status).toBe(1);
    expect(stderr).toMatch(/lockgate-worker-main has no image of the tag v1, .* Docker/);
    expect(changes).toEqual([]);
  });

  test('when a setting is wrong', () => {
    const { status, changes } = deploy({ there: ['wrong-settings'], settings: WORKERS });
    expect([status, changes]).toEqual([1, []]);
  });

  test.each(['denied', 'denied-images'])('when AWS does not say what is there: %s', (denied) => {
    const { status, stderr, changes } = deploy({ there: [denied, 'repository'], settings: WORKERS });
    expect([status, changes]).toEqual([1, []]);
    expect(stderr).toContain('AccessDeniedException');
  });

  test('without a region, or without the program that asks', () => {
    const nowhere = deploy({ region: '' });
    expect([nowhere.status, nowhere.changes]).toEqual([1, []]);
    expect(nowhere.stderr).toContain('AWS_REGION');
    const dumb = deploy({ without: 'aws' });
    expect([dumb.status, dumb.calls]).toEqual([1, []]);
    expect(dumb.stderr).toContain('aws CLI');
  });
});

test('what it names is what the stacks have', () => {
  const { site, application } = stacks(new App(), { ...SETTINGS, stage: 'prod' });
  expect(SITE).toContain(` ${site!.stackName}`);
  expect(PAGE).toContain(` ${application.stackName}`);
  Template.fromStack(site!).hasResourceProperties('AWS::ECR::Repository', { RepositoryName: 'lockgate-worker-main' });
  const { calls } = deploy({});
  const { Default: version } = Template.fromStack(application).findParameters('BootstrapVersion')['BootstrapVersion']!;
  expect(calls).toContainEqual(expect.stringContaining(`aws ssm get-parameter --name ${version} `));
});

test('`make deploy` tells it all that is said', () => {
  const said = ['STAGE=prod', 'SITE=main', 'WORKER=v1', 'MAIL_FROM=Lockgate <lockgate@example.org>', 'PODS=media'];
  const lines = execFileSync('make', ['--dry-run', '--no-print-directory', 'deploy', ...said], { cwd: join(INFRA, '..'), encoding: 'utf8' });
  const ran = lines.trimEnd().split('\n').filter((line) => line.includes('deploy.sh'));
  expect(ran).toHaveLength(1);
  expect(ran[0]).toMatch(/sh deploy\.sh -c stage=prod -c site=main +-c worker=v1 .*-c 'mailFrom=Lockgate <lockgate@example.org>' .*-c pods=media/);
});
