// The settings that the templates are tested with: everything that can be asked for; nothing; and what is instead of another.

import { App } from 'aws-cdk-lib';

import { type Settings, readSettings } from '../lib/settings.ts';

const artefact = new URL('artefact', import.meta.url).pathname;

export const SETTINGS: Settings = {
  stage: 'test',
  site: 'main',
  artefact,
  alarms: 'ops@example.org',
  budget: 20,
  mail: { from: 'Lockgate <lockgate@example.org>', address: 'lockgate@example.org', events: ['session.failed'] },
  worker: 'a-tag',
  workers: true,
  service: { tag: 'a-tag', host: 'api.example.org', certificate: 'arn:aws:acm:us-east-1:123456789012:certificate/x' },
  pods: { by: { cluster: 'media' }, namespace: 'lockgate', worker: 'worker', api: 'api' },
  mostWorkers: 4,
  retain: true,
  guardDuty: true,
  securityHub: true,
  inspector: true,
};

/** As a stage is of which nothing is said. */
export const DEFAULT: Settings = readSettings(new App({ context: { artefact } }).node);

/** Pods for which no agent of EKS's vouches. */
export const PROVIDER = 'arn:aws:iam::123456789012:oidc-provider/oidc.eks.us-east-1.amazonaws.com/id/0A1B';
export const BY_ISSUER: Settings = { ...DEFAULT, workers: true, pods: { ...SETTINGS.pods!, by: { provider: PROVIDER } } };
