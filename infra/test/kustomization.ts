// A folder for kustomize, read without it: as much of its language as `deploy/k8s` uses, and an error for anything else. The
// tail of a generated name is left out.

import { readFileSync } from 'node:fs';

import { expect } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';

export interface Resource {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string; readonly labels?: Record<string, string>; readonly annotations?: Record<string, string> };
  /** Each kind has a form of its own. */
  readonly spec: any;
  readonly data?: Record<string, string>;
  readonly automountServiceAccountToken?: boolean;
}

interface Kustomization {
  readonly namespace: string;
  readonly resources: string[];
  readonly labels: { readonly pairs: Record<string, string> }[];
  readonly configMapGenerator: { readonly name: string; readonly envs: string[] }[];
  readonly images: { readonly name: string; readonly newTag: string }[];
}

const KNOWN = ['apiVersion', 'kind', 'namespace', 'resources', 'labels', 'configMapGenerator', 'images'];

export function kustomized(folder: URL): Resource[] {
  const read = (path: string): string => readFileSync(new URL(path, folder), 'utf8');
  const said = parse(read('kustomization.yaml')) as Kustomization;
  expect(Object.keys(said).filter((key) => !KNOWN.includes(key))).toEqual([]);
  const written = said.resources.flatMap((path) => parseAllDocuments(read(path)).map((document) => document.toJS() as Resource));
  const generated = said.configMapGenerator.map(({ name, envs }): Resource => {
    const data = Object.assign({}, ...envs.map((path) => variables(read(path))));
    return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data, spec: undefined };
  });
  return JSON.parse(JSON.stringify([...written, ...generated]), (key, value) => tagged(said, key, value)).map((resource: Resource) => placed(said, resource));
}

/** The lines of a file of variables. */
function variables(text: string): Record<string, string> {
  const lines = text.split('\n').filter((line) => line.trim() !== '' && !line.startsWith('#'));
  return Object.fromEntries(lines.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]));
}

function tagged({ images }: Kustomization, key: string, value: unknown): unknown {
  const image = key === 'image' ? images.find(({ name }) => name === value) : undefined;
  return image === undefined ? value : `${image.name}:${image.newTag}`;
}

/** With the labels and in the namespace of all; a namespace is in none. */
function placed({ namespace, labels }: Kustomization, resource: Resource): Resource {
  const metadata = { ...resource.metadata, labels: Object.assign({}, resource.metadata.labels, ...labels.map(({ pairs }) => pairs)) };
  return { ...resource, metadata: resource.kind === 'Namespace' ? metadata : { ...metadata, namespace } };
}
