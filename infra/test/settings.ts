// The settings that the templates are tested with: everything that can be asked for.

import type { Settings } from '../lib/settings.ts';

export const SETTINGS: Settings = {
  stage: 'test',
  site: 'main',
  artefact: new URL('artefact', import.meta.url).pathname,
  alarms: 'ops@example.org',
  budget: 20,
  retain: true,
  guardDuty: true,
  securityHub: true,
  inspector: true,
};
