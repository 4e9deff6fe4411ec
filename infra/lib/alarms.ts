// The things that need somebody, each with what to do then.

import { Duration } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as dynamodb from 'aws-cdk-lib/aws-dynamodb';
import * as elb from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import * as lambda from 'aws-cdk-lib/aws-lambda';

import type { Api } from './api.ts';
import type { Functions } from './functions.ts';
import type { Service } from './service.ts';
import type { Settings } from './settings.ts';
import type { Store } from './store.ts';
import type { Workflow } from './workflow.ts';

export interface Watched {
  readonly settings: Settings;
  readonly store: Store;
  readonly functions: Functions;
  readonly workflow: Workflow;
  readonly api: Api;
  readonly service?: Service;
}

export interface Condition {
  readonly name: string;
  readonly metric: cloudwatch.IMetric;
  /** More than so much; or other than what the days before lead to expect. */
  readonly over: number | 'usual';
  /** What to do then. */
  readonly runbook: string;
}

const FIVE_MINUTES = Duration.minutes(5);

/** No recipe but a long film takes so long. */
const LONG_ATTEMPT = Duration.hours(6);

/** Where the functions' own meters go: `aws/src/emf.rs`. */
export const NAMESPACE = 'Lockgate';

/** One of these meters. */
export function meter({ stage }: Settings, name: string, statistic: string): cloudwatch.Metric {
  return new cloudwatch.Metric({
    namespace: NAMESPACE,
    metricName: name,
    dimensionsMap: { Stage: stage },
    statistic,
    period: Duration.minutes(1),
  });
}

export function conditions(watched: Watched): Condition[] {
  return [...queueConditions(watched), ...workConditions(watched), ...apiConditions(watched), ...serviceConditions(watched)];
}

function queueConditions({ store }: Watched): Condition[] {
  return [
    {
      name: 'DeadLetters',
      metric: store.deadLetters.metricApproximateNumberOfMessagesVisible({ period: FIVE_MINUTES }),
      over: 0,
      runbook: 'Notices could not be seen to. Read the logs of confirm-upload and transcribe-callback, mend what they say, and redrive the dead letters to their queue; the sweep does the same meanwhile.',
    },
    {
      name: 'OldNotices',
      metric: store.uploaded.metricApproximateAgeOfOldestMessage({ period: FIVE_MINUTES }),
      over: 600,
      runbook: 'Notices of uploads wait. See whether confirm-upload is throttled or fails.',
    },
  ];
}

function workConditions({ settings, functions, workflow, store }: Watched): Condition[] {
  return [
    {
      name: 'FailedExecutions',
      metric: failedExecutions(workflow),
      over: 5,
      runbook: 'Attempts fail. Look at the problems of the newest Failed sessions; what is not about the files themselves can be redriven once it is mended.',
    },
    {
      name: 'OldestAttempt',
      metric: meter(settings, 'lockgate_oldest_attempt_seconds', 'Maximum'),
      over: LONG_ATTEMPT.toSeconds(),
      runbook: 'An attempt has been at work for six hours. Its history says at which step: a film waits for a worker, or is one of many hours; anything else can be cancelled and redriven.',
    },
    {
      name: 'SweepFails',
      metric: functions.sweep.metricErrors({ period: FIVE_MINUTES }),
      over: 0,
      runbook: 'What was lost is not found. Read the log of sweep.',
    },
    {
      name: 'FunctionsThrottled',
      metric: lambda.Function.metricAllThrottles({ period: FIVE_MINUTES, statistic: 'Sum' }),
      over: 0,
      runbook: "The account's concurrency is used up. See which function holds it, and ask for more.",
    },
    {
      name: 'RecordsThrottled',
      metric: store.table.metricThrottledRequestsForOperations({
        operations: [dynamodb.Operation.GET_ITEM, dynamodb.Operation.PUT_ITEM, dynamodb.Operation.UPDATE_ITEM, dynamodb.Operation.QUERY],
        period: FIVE_MINUTES,
      }),
      over: 0,
      runbook: 'The table takes a while to grow into a sudden load; what was throttled is tried again. When it lasts, look for one record that is written all the time.',
    },
  ];
}

function apiConditions({ api }: Watched): Condition[] {
  return [
    {
      name: 'ServerErrors',
      metric: api.http.metricServerError({ period: FIVE_MINUTES }),
      over: 5,
      runbook: 'The API fails. Read the log of api for the request ids in its access log.',
    },
    {
      name: 'Slow',
      metric: api.http.metricLatency({ period: FIVE_MINUTES, statistic: 'p99' }),
      over: 1000,
      runbook: 'One in a hundred requests takes more than a second. Look at the traces of api.',
    },
    {
      name: 'OddTraffic',
      metric: api.http.metricCount({ period: FIVE_MINUTES, statistic: 'Sum' }),
      over: 'usual',
      runbook: 'Far more or far fewer requests than the days before lead to expect. The access log says from whom. Where nobody asks there is nothing to measure, so that silence is not told of.',
    },
  ];
}

function serviceConditions({ service }: Watched): Condition[] {
  if (service === undefined) return [];
  const { metrics } = service.targets;
  return [
    {
      name: 'ContainersUnwell',
      metric: metrics.unhealthyHostCount({ period: FIVE_MINUTES, statistic: 'Minimum' }),
      over: 0,
      runbook: 'A container of the API has not been well for five minutes. Read its log, of the stream api: it says what it was not told, or why it does not listen.',
    },
    {
      name: 'ContainerErrors',
      metric: metrics.httpCodeTarget(elb.HttpCodeTarget.TARGET_5XX_COUNT, { period: FIVE_MINUTES }),
      over: 5,
      runbook: 'The API in containers fails. Read its log for the request ids in it.',
    },
  ];
}

function failedExecutions({ machine }: Workflow): cloudwatch.IMetric {
  return new cloudwatch.MathExpression({
    label: 'failed executions',
    expression: 'failed + timedOut + aborted',
    usingMetrics: {
      failed: machine.metricFailed({ period: FIVE_MINUTES }),
      timedOut: machine.metricTimedOut({ period: FIVE_MINUTES }),
      aborted: machine.metricAborted({ period: FIVE_MINUTES }),
    },
    period: FIVE_MINUTES,
  });
}
