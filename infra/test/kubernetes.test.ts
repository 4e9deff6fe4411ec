// What `kubectl apply -k deploy/k8s` would send: that it is whole, that its parts mean each other, and what a worker and the
// API may not do there. It is read as kustomize reads it (`kustomization.ts`), and what kubectl makes of it must be the same.

import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

import { describe, expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';

import limits from '../../states/limits.json' with { type: 'json' };
import { type Resource, kustomized } from './kustomization.ts';

const FOLDER = new URL('../../deploy/k8s/', import.meta.url);
const source = (path: string): string => readFileSync(new URL(`../../aws/src/${path}`, import.meta.url), 'utf8');

const made = kustomized(FOLDER);

/** The one of a kind that is called so; by no name, the one there is. */
function the(kind: string, name?: string): Resource {
  const found = made.filter((resource) => resource.kind === kind && (name === undefined || resource.metadata.name === name));
  expect(found, `${kind} ${name}`).toHaveLength(1);
  return found[0]!;
}

const pod = (name: string) => the('Deployment', name).spec.template.spec;
const container = (name: string) => pod(name).containers[0];

/** With the tail that kustomize gives to what it generates, which follows from what is in it. */
const untailed = (resources: Resource[]): Resource[] => JSON.parse(JSON.stringify(resources).replace(/"stack-[a-z0-9]{10}"/g, '"stack"'));

/** Resources come in an order of kustomize's own. */
const inOrder = (resources: Resource[]): Resource[] =>
  [...resources].sort((a, b) => `${a.kind} ${a.metadata.name}`.localeCompare(`${b.kind} ${b.metadata.name}`));

/** Without kubectl it is not known, so that there is no going without. */
function built(folder: URL): Resource[] {
  const { error, status, stdout, stderr } = spawnSync('kubectl', ['kustomize', folder.pathname], { encoding: 'utf8' });
  if (error !== undefined) throw new Error(`kubectl is missing, which \`make test-aws\` brings along: ${error.message}`);
  expect(status, stderr).toBe(0);
  return parseAllDocuments(stdout).map((document) => document.toJS() as Resource);
}

test('on Kubernetes there is what kustomize itself makes of it', () => {
  const theirs = built(FOLDER);
  expect(JSON.stringify(theirs)).toMatch(/"stack-[a-z0-9]{10}"/);
  expect(inOrder(untailed(theirs))).toEqual(inOrder(made));
});

test('on Kubernetes an issuer’s pods say by themselves which role they have, and are otherwise the same', () => {
  const withRole = (resource: Resource): Resource => {
    if (resource.kind !== 'ServiceAccount') return resource;
    const role = { worker: 'WorkerRole', api: 'ApiRole' }[resource.metadata.name];
    const annotations = { 'eks.amazonaws.com/role-arn': `arn:aws:iam::000000000000:role/${role}` };
    return { ...resource, metadata: { ...resource.metadata, annotations } };
  };
  expect(inOrder(untailed(built(new URL('../k8s-irsa/', FOLDER))))).toEqual(inOrder(made.map(withRole)));
});

test('on Kubernetes each is an object of its own, of a kind and a version', () => {
  for (const { apiVersion, kind, metadata } of made) {
    expect(apiVersion, kind).toMatch(/^([a-z.0-9]+\/)?v\d+$/);
    expect(metadata.name, kind).toMatch(/^[a-z][a-z0-9-]*$/);
  }
  const names = made.map(({ kind, metadata }) => `${kind} ${metadata.name}`);
  expect(new Set(names).size).toBe(names.length);
});

/** Under which each is reached, besides where it says that it is well. */
const SERVES = { worker: [], api: [8080] };

test('on Kubernetes all is in one namespace, and nothing else is there', () => {
  const each = ['ServiceAccount', 'Deployment', 'HorizontalPodAutoscaler', 'PodDisruptionBudget', 'NetworkPolicy'];
  const kinds = ['Namespace', 'ConfigMap', 'Service', ...each, ...each];
  expect(made.map(({ kind }) => kind).sort()).toEqual(kinds.sort());
  for (const { kind, metadata } of made) if (kind !== 'Namespace') expect(metadata.namespace).toBe('lockgate');
});

describe.each(['worker', 'api'] as const)('on Kubernetes, %s', (name) => {
  test('is one of parts that mean each other', () => {
    const labels = the('Deployment', name).spec.template.metadata.labels;
    const selectors = [
      the('Deployment', name).spec.selector.matchLabels,
      the('PodDisruptionBudget', name).spec.selector.matchLabels,
      the('NetworkPolicy', name).spec.podSelector.matchLabels,
    ];
    for (const selector of selectors) expect(labels).toMatchObject(selector);
    expect(the('HorizontalPodAutoscaler', name).spec.scaleTargetRef).toMatchObject({ kind: 'Deployment', name });
    expect(pod(name).serviceAccountName).toBe(the('ServiceAccount', name).metadata.name);
    // Kustomize gives it a name that changes with what is in it, so that a change of the stack starts them anew.
    expect(container(name).envFrom[0].configMapRef.name).toBe(the('ConfigMap').metadata.name);
  });

  test('is told all that it must be told', () => {
    const must = [...source('environment.rs').matchAll(/told\("((?:LOCKGATE|AWS)_\w+)"\)\?/g)].map((found) => found[1]!);
    expect(must.length).toBeGreaterThan(5);
    const asApi = [...source('bin/lockgate-worker.rs').matchAll(/must\("(LOCKGATE_\w+)"\)/g)].map((found) => found[1]!);
    expect(asApi.length).toBeGreaterThan(1);
    const told = Object.keys(the('ConfigMap').data!);
    expect(told).toEqual(expect.arrayContaining([...must, ...asApi]));
  });

  test('is asked whether it lives where it says so, and reached there and where it serves', () => {
    const port = container(name).ports.find((port: { name: string }) => port.name === 'health').containerPort;
    expect(container(name).env).toContainEqual({ name: 'LOCKGATE_LISTEN', value: `0.0.0.0:${port}` });
    for (const probe of ['startupProbe', 'livenessProbe', 'readinessProbe']) {
      expect(container(name)[probe].httpGet).toEqual({ path: '/healthz', port: 'health' });
    }
    const reached = the('NetworkPolicy', name).spec.ingress.flatMap((rule: any) => rule.ports);
    expect(reached).toEqual([...SERVES[name], port].map((port) => ({ protocol: 'TCP', port })));
    expect(the('NetworkPolicy', name).spec.ingress.every((rule: any) => rule.from.length > 0)).toBe(true);
  });

  test('is nobody, writes nowhere but to a scratch, and has no token of the cluster’s', () => {
    expect(pod(name).securityContext).toMatchObject({ runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } });
    expect(container(name).securityContext).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    });
    const writes = name === 'worker' ? [{ name: 'scratch', mountPath: '/scratch' }] : undefined;
    expect(container(name).volumeMounts).toEqual(writes);
    expect(the('ServiceAccount', name).automountServiceAccountToken).toBe(false);
  });
});

test('on Kubernetes a container has what one of the stack has', () => {
  const most = (name: string) => container(name).resources.limits;
  expect(most('worker')).toEqual({ memory: `${limits.workerMemoryMiB / 1024}Gi`, 'ephemeral-storage': `${limits.workerScratchGiB}Gi` });
  expect(most('api')).toEqual({ memory: `${limits.containerMemoryMiB / 1024}Gi` });
});

test('on Kubernetes a worker has time to give its work back, and the API to end what it has begun', () => {
  expect(pod('worker').terminationGracePeriodSeconds).toBeGreaterThanOrEqual(90);
  const linger = container('api').lifecycle.preStop.sleep.seconds;
  expect(pod('api').terminationGracePeriodSeconds).toBeGreaterThanOrEqual(linger + limits.drainSeconds);
});

test('on Kubernetes the API is what the same image is told to be, and its service leads to it', () => {
  expect(container('api').image).toBe(container('worker').image);
  expect(container('api').args).toEqual(['api']);
  expect(source('bin/lockgate-worker.rs')).toContain('["api"] =>');
  const [port] = the('Service').spec.ports;
  const served = container('api').ports.find((served: { name: string }) => served.name === port.targetPort).containerPort;
  expect(container('api').env).toContainEqual({ name: 'LOCKGATE_API_LISTEN', value: `0.0.0.0:${served}` });
  expect(the('Deployment', 'api').spec.template.metadata.labels).toMatchObject(the('Service').spec.selector);
});
