// What there is to deploy: one site, if asked for, and one copy of the application for a stage.
//
//   cdk deploy --all -c stage=prod -c site=main -c alarms=ops@example.org

import { App, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks } from 'cdk-nag';

import { readSettings } from '../lib/settings.ts';
import { stacks } from '../lib/stacks.ts';

const app = new App();
stacks(app, readSettings(app.node));
Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
