// What calls functions from outside: the queues of notices, the clock, and what other services tell of themselves.

import { Duration, Stack } from 'aws-cdk-lib';
import * as events from 'aws-cdk-lib/aws-events';
import * as targets from 'aws-cdk-lib/aws-events-targets';
import type * as lambda from 'aws-cdk-lib/aws-lambda';
import * as sources from 'aws-cdk-lib/aws-lambda-event-sources';
import type * as sqs from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';

import limits from '../../states/limits.json' with { type: 'json' };
import type { Functions } from './functions.ts';
import type { Settings } from './settings.ts';
import type { Store } from './store.ts';

export interface TriggersProps {
  readonly settings: Settings;
  readonly store: Store;
  readonly functions: Functions;
  readonly machine: string;
}

/** What the names of a stage's transcriptions begin with: an account has one list of them. */
export const jobsPrefix = ({ stage }: Settings): string => `lockgate-${stage}-`;

export class Triggers extends Construct {
  constructor(scope: Construct, id: string, { settings, store, functions, machine }: TriggersProps) {
    super(scope, id);
    take(functions.confirmUpload, store.uploaded);
    take(functions.transcribeCallback, store.transcribed);
    this.#every('Minute', Duration.seconds(limits.checkupSeconds), functions.sweep);
    this.#every('FiveMinutes', Duration.seconds(limits.transcriptionLookSeconds), functions.transcribeCallback);
    // An execution that ended without its session is seen to at once, and not when the sweep comes to it.
    new events.Rule(this, 'ExecutionEnded', {
      eventPattern: {
        source: ['aws.states'],
        detailType: ['Step Functions Execution Status Change'],
        detail: { stateMachineArn: [machine], status: ['FAILED', 'TIMED_OUT', 'ABORTED'] },
      },
      targets: [new targets.LambdaFunction(functions.sweep, { retryAttempts: 2 })],
    });
    new events.Rule(this, 'TranscriptionEnded', {
      eventPattern: {
        source: ['aws.transcribe'],
        detailType: ['Transcribe Job State Change'],
        account: [Stack.of(this).account],
        detail: {
          TranscriptionJobName: [{ prefix: jobsPrefix(settings) }],
          TranscriptionJobStatus: ['COMPLETED', 'FAILED'],
        },
      },
      targets: [new targets.SqsQueue(store.transcribed)],
    });
  }

  #every(name: string, rate: Duration, handler: lambda.IFunction): void {
    new events.Rule(this, `Every${name}`, {
      schedule: events.Schedule.rate(rate),
      targets: [new targets.LambdaFunction(handler, { retryAttempts: 0 })],
    });
  }
}

/** Of a batch, only what could not be seen to comes again. */
function take(handler: lambda.Alias, queue: sqs.IQueue): void {
  handler.addEventSource(new sources.SqsEventSource(queue, { batchSize: 10, reportBatchItemFailures: true, maxConcurrency: 50 }));
}
