// The rules of AwsSolutions: none is broken without a reason beside what breaks it.

import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { App, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks } from 'cdk-nag';
import { expect, test } from 'vitest';

import type { Settings } from '../lib/settings.ts';
import { stacks } from '../lib/stacks.ts';
import { BY_ISSUER, DEFAULT, SETTINGS } from './settings.ts';

/** Synthesises the stacks as `change` leaves them; it throws what the rules find. */
function synthesise(settings: Settings, change: (made: ReturnType<typeof stacks>) => void): void {
  const app = new App({ outdir: mkdtempSync(join(tmpdir(), 'nag-')) });
  change(stacks(app, settings));
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
  app.synth();
}

const KINDS = { 'with all that there is': SETTINGS, 'of which nothing is said': DEFAULT, 'with pods of an issuer': BY_ISSUER };

test.each(Object.entries(KINDS))('none is broken by a stage %s', (_, settings) => {
  synthesise(settings, () => undefined);
});

test.each(Object.entries(KINDS))('one that is broken by a stage %s is found', (_, settings) => {
  const unsafe = () =>
    synthesise(settings, ({ application }) => {
      application.node.findChild('Store').node.findChild('DeadLetters').node.tryRemoveChild('Policy');
    });
  expect(unsafe).toThrow(/AwsSolutions-SQS4/);
});
