// How a deployment is told its settings: by `make`, and by the workflows, which have them of the repository's variables. And
// that a fresh machine is given what the tests themselves demand.

import { readFileSync } from 'node:fs';

import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';

const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');

interface Job {
  readonly env?: Record<string, string>;
  readonly steps: { readonly run?: string; readonly env?: Record<string, string> }[];
}

const jobs = (name: string): Record<string, Job> => parse(read(`.github/workflows/${name}.yaml`)).jobs;

/** All that can be said, but for where the artefact is. */
const SETTINGS = [...read('infra/lib/settings.ts').matchAll(/(?:text|flag)\('(\w+)'/g)]
  .map((found) => found[1]!)
  .filter((name) => name !== 'artefact');

/** By which variable of `make` each is said. */
const told = new Map([...read('Makefile').matchAll(/-c '?(\w+)=\$\((?:or \$\()?([A-Z_]+)\)/g)].map((found) => [found[1]!, found[2]!]));

test('every setting can be said to `make`, and is told of where it is told how to deploy', () => {
  expect(SETTINGS.length).toBeGreaterThan(14);
  expect([...told.keys()].filter((name) => name !== 'artefact').sort()).toEqual([...SETTINGS].sort());
  const rows = read('docs/aws.md').split('\n').filter((line) => line.startsWith('| '));
  for (const [setting, variable] of told) {
    if (setting === 'artefact') continue;
    expect(rows.filter((row) => row.includes(`\`${setting}\``) && row.includes(`\`${variable}\``)), setting).toHaveLength(1);
  }
});

test('a workflow deploys by all that the repository says, and shows a change by the same', () => {
  const { deploy } = jobs('main');
  const { diff } = jobs('pr');
  // These two are the image of the commit.
  const variables = [...told.entries()].filter(([setting]) => !['artefact', 'worker', 'apiService'].includes(setting)).map(([, variable]) => variable);
  const named = Object.fromEntries(variables.map((variable) => [variable, `\${{ vars.${variable} }}`]));
  expect(deploy!.env).toEqual(named);
  expect(diff!.env).toMatchObject(named);
  expect(Object.keys(diff!.env!).sort()).toEqual([...variables, 'WORKER', 'API_SERVICE'].sort());
  const ran = (job: Job) => job.steps.map(({ run }) => run);
  expect(ran(deploy!).at(-1)).toBe('make deploy');
  expect(ran(diff!)).toEqual(expect.arrayContaining(['make lambda', 'make diff']));
});

test('what has landed is deployed by the one command that anybody deploys by, and no step of the workflow’s own', () => {
  const { steps } = jobs('main')['deploy']!;
  expect(steps.filter(({ run }) => /\b(docker|aws|cdk|worker-image)\b/.test(run ?? ''))).toEqual([]);
  const told = steps.findIndex(({ run }) => run?.includes('"WORKER=$tag" >> "$GITHUB_ENV"'));
  expect(steps[told]!.run).toContain('"API_SERVICE=$tag" >> "$GITHUB_ENV"');
  expect(told).toBeLessThan(steps.length - 1);
});

test('cfn-lint looks at a stage of which nothing is said, at one of which everything is, and at each that there is instead', () => {
  const recipe = /^lint-templates:.*\n((?:\t.*\n)+)/m.exec(read('Makefile'))![1]!.replaceAll('\\\n', ' ');
  const kinds = new Map([...recipe.matchAll(/--output cdk\.out\/(\w+)(.*)/g)].map(([, kind, said]) => [kind!, [...said!.matchAll(/-c (\w+)=(\S+)/g)]] as const));
  const [, linted] = /cfn-lint .*\$\(foreach kind,([\w ]+),infra\/cdk\.out\/\$\(kind\)\/\*\.template\.json\)/.exec(recipe)!;
  expect(linted!.split(' ').sort()).toEqual([...kinds.keys()].sort());
  expect(kinds.get('default')!.map(([, name]) => name)).toEqual(['artefact']);
  // These change what a resource says, and none of them makes one.
  const within = ['stage', 'budget', 'waf', 'workers', 'mostWorkers', 'mailEvents', 'podNamespace', 'podWorker', 'podApi', 'retain'];
  expect([...kinds.get('all')!.map(([, name]) => name), ...within].sort()).toEqual([...SETTINGS, 'artefact'].sort());
  expect(kinds.get('issuer')!.map(([said]) => said).join(' ')).toMatch(/-c pods=arn:/);
});

describe('on a fresh machine', () => {
  const all = ['main', 'nightly', 'pr'].flatMap((file) => Object.entries(jobs(file)).map(([name, job]) => [`${file}: ${name}`, job] as const));

  test.each(all)('%s has what it needs from the list that the tests go by', (_, { steps }) => {
    const runs = steps.map(({ run }) => run ?? '');
    expect(runs.filter((run) => run.includes('apt-get'))).toEqual([]);
    const tests = runs.findIndex((run) => run === '.ci/run');
    const builds = runs.findIndex((run) => run === 'make deploy' || run === 'make lambda');
    if (tests >= 0) expect(runs.slice(0, tests)).toContain('sudo sh tests/tools.sh test');
    if (builds >= 0) expect(runs.slice(0, builds)).toContain('sudo sh tests/tools.sh build');
  });

  test('every change is tried over the stand-ins for AWS too', () => {
    const runs = Object.values(jobs('pr')).flatMap(({ steps }) => steps.map(({ run }) => run));
    expect(runs).toContain('.ci/run');
    expect(read('.ci/run').trimEnd().split('\n')).toEqual(expect.arrayContaining(['make test', 'exec make test-aws']));
  });
});
