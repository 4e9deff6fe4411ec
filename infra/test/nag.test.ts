// The rules of AwsSolutions: none is broken without a reason beside what breaks it.

import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { App, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks } from 'cdk-nag';
import { expect, test } from 'vitest';

import { stacks } from '../lib/stacks.ts';
import { SETTINGS } from './settings.ts';

/** Synthesises the stacks as `change` leaves them; it throws what the rules find. */
function synthesise(change: (made: ReturnType<typeof stacks>) => void): void {
  const app = new App({ outdir: mkdtempSync(join(tmpdir(), 'nag-')) });
  change(stacks(app, SETTINGS));
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
  app.synth();
}

test('none is broken', () => {
  synthesise(() => undefined);
}, 120_000);

test('one that is broken is found', () => {
  const unsafe = () =>
    synthesise(({ application }) => {
      application.node.findChild('Store').node.findChild('DeadLetters').node.tryRemoveChild('Policy');
    });
  expect(unsafe).toThrow(/AwsSolutions-SQS4/);
}, 120_000);
