// What watches a stage: an alarm for each thing that needs somebody, with what to do then; a picture of it all; a budget.

import { Duration, Stack } from 'aws-cdk-lib';
import * as budgets from 'aws-cdk-lib/aws-budgets';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as actions from 'aws-cdk-lib/aws-cloudwatch-actions';
import * as sns from 'aws-cdk-lib/aws-sns';
import * as subscriptions from 'aws-cdk-lib/aws-sns-subscriptions';
import { Construct } from 'constructs';

import type { Api } from './api.ts';
import type { Functions } from './functions.ts';
import type { Settings } from './settings.ts';
import type { Store } from './store.ts';
import type { Workflow } from './workflow.ts';

export interface WatchProps {
  readonly settings: Settings;
  readonly store: Store;
  readonly functions: Functions;
  readonly workflow: Workflow;
  readonly api: Api;
}

interface Condition {
  readonly name: string;
  readonly metric: cloudwatch.IMetric;
  readonly over: number;
  /** What to do then. */
  readonly runbook: string;
}

const FIVE_MINUTES = Duration.minutes(5);

export class Watch extends Construct {
  constructor(scope: Construct, id: string, props: WatchProps) {
    super(scope, id);
    const told = new sns.Topic(this, 'Told', { enforceSSL: true });
    if (props.settings.alarms !== undefined) {
      told.addSubscription(new subscriptions.EmailSubscription(props.settings.alarms));
    }
    const alarms = conditions(props).map((condition) => this.#alarm(condition, told));
    const dashboard = new cloudwatch.Dashboard(this, 'Dashboard', { dashboardName: `lockgate-${props.settings.stage}` });
    dashboard.addWidgets(new cloudwatch.AlarmStatusWidget({ alarms, width: 24 }));
    dashboard.addWidgets(
      ...conditions(props).map(({ name, metric }) => new cloudwatch.GraphWidget({ title: name, left: [metric], width: 8 })),
    );
    this.#budget(props.settings);
  }

  #alarm({ name, metric, over, runbook }: Condition, told: sns.ITopic): cloudwatch.Alarm {
    const alarm = new cloudwatch.Alarm(this, name, {
      alarmDescription: runbook,
      metric,
      threshold: over,
      evaluationPeriods: 1,
      comparisonOperator: cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
      treatMissingData: cloudwatch.TreatMissingData.NOT_BREACHING,
    });
    alarm.addAlarmAction(new actions.SnsAction(told));
    return alarm;
  }

  #budget({ stage, budget, alarms }: Settings): void {
    const subscribers = alarms === undefined ? [] : [{ subscriptionType: 'EMAIL', address: alarms }];
    const at = (threshold: number, notificationType: string) => ({
      notification: { notificationType, comparisonOperator: 'GREATER_THAN', threshold, thresholdType: 'PERCENTAGE' },
      subscribers,
    });
    new budgets.CfnBudget(this, 'Budget', {
      budget: {
        budgetName: `${Stack.of(this).stackName}`,
        budgetType: 'COST',
        timeUnit: 'MONTHLY',
        budgetLimit: { amount: budget, unit: 'USD' },
        costFilters: { TagKeyValue: [`user:stage$${stage}`] },
      },
      notificationsWithSubscribers: subscribers.length === 0 ? undefined : [at(80, 'ACTUAL'), at(100, 'FORECASTED')],
    });
  }
}

function conditions({ store, functions, workflow, api }: WatchProps): Condition[] {
  const failed = new cloudwatch.MathExpression({
    label: 'failed executions',
    expression: 'failed + timedOut + aborted',
    usingMetrics: {
      failed: workflow.machine.metricFailed({ period: FIVE_MINUTES }),
      timedOut: workflow.machine.metricTimedOut({ period: FIVE_MINUTES }),
      aborted: workflow.machine.metricAborted({ period: FIVE_MINUTES }),
    },
    period: FIVE_MINUTES,
  });
  return [
    {
      name: 'DeadLetters',
      metric: store.deadLetters.metricApproximateNumberOfMessagesVisible({ period: FIVE_MINUTES }),
      over: 0,
      runbook: 'Notices of uploads could not be seen to. Read the log of confirm-upload, mend what it says, and redrive the dead letters to their queue; the sweep confirms the uploads meanwhile.',
    },
    {
      name: 'OldNotices',
      metric: store.uploaded.metricApproximateAgeOfOldestMessage({ period: FIVE_MINUTES }),
      over: 600,
      runbook: 'Notices of uploads wait. See whether confirm-upload is throttled or fails.',
    },
    {
      name: 'FailedExecutions',
      metric: failed,
      over: 5,
      runbook: 'Attempts fail. Look at the problems of the newest Failed sessions; what is not about the files themselves can be redriven once it is mended.',
    },
    {
      name: 'SweepFails',
      metric: functions.sweep.metricErrors({ period: FIVE_MINUTES }),
      over: 0,
      runbook: 'What was lost is not found. Read the log of sweep.',
    },
    {
      name: 'Throttled',
      metric: functions.api.metricThrottles({ period: FIVE_MINUTES }),
      over: 0,
      runbook: "The account's concurrency is used up. See which function holds it, and ask for more.",
    },
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
  ];
}
