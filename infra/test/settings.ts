// The settings that the templates are tested with: everything that can be asked for.

import type { Settings } from '../lib/settings.ts';

export const SETTINGS: Settings = {
  stage: 'test',
  site: 'main',
  artefact: new URL('artefact', import.meta.url).pathname,
  alarms: 'ops@example.org',
  budget: 20,
  mail: { from: 'Lockgate <lockgate@example.org>', address: 'lockgate@example.org', events: ['session.failed'] },
  worker: 'a-tag',
  workers: true,
  service: { tag: 'a-tag', host: 'api.example.org', certificate: 'arn:aws:acm:us-east-1:123456789012:certificate/x' },
  mostWorkers: 4,
  retain: true,
  guardDuty: true,
  securityHub: true,
  inspector: true,
};
