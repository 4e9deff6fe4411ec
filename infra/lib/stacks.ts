// The stacks of one deployment.

import { type App, Tags } from 'aws-cdk-lib';

import { ApplicationStack } from './application.ts';
import type { Settings } from './settings.ts';
import { SiteStack } from './site.ts';

export function stacks(app: App, settings: Settings): { site?: SiteStack; application: ApplicationStack } {
  const site =
    settings.site === undefined ? undefined : new SiteStack(app, `Lockgate-Site-${settings.site}`, { settings });
  const application = new ApplicationStack(app, `Lockgate-${settings.stage}`, { settings, network: site?.network });
  Tags.of(app).add('product', 'lockgate');
  Tags.of(application).add('stage', settings.stage);
  return { site, application };
}
