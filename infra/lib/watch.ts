// What watches a stage: an alarm for each thing that needs somebody, a picture of it all, a budget.

import { Stack } from 'aws-cdk-lib';
import * as budgets from 'aws-cdk-lib/aws-budgets';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as actions from 'aws-cdk-lib/aws-cloudwatch-actions';
import * as sns from 'aws-cdk-lib/aws-sns';
import * as subscriptions from 'aws-cdk-lib/aws-sns-subscriptions';
import { Construct } from 'constructs';

import { type Condition, type Watched, conditions } from './alarms.ts';
import type { Settings } from './settings.ts';

/** So many standard deviations from what the days before lead to expect. */
const FAR = 4;

export class Watch extends Construct {
  constructor(scope: Construct, id: string, watched: Watched) {
    super(scope, id);
    const { settings } = watched;
    const told = new sns.Topic(this, 'Told', { enforceSSL: true });
    if (settings.alarms !== undefined) told.addSubscription(new subscriptions.EmailSubscription(settings.alarms));
    const known = conditions(watched);
    const alarms = known.map((condition) => this.#alarm(condition));
    for (const alarm of alarms) alarm.addAlarmAction(new actions.SnsAction(told));
    const dashboard = new cloudwatch.Dashboard(this, 'Dashboard', { dashboardName: `lockgate-${settings.stage}` });
    dashboard.addWidgets(new cloudwatch.AlarmStatusWidget({ alarms, width: 24 }));
    dashboard.addWidgets(
      ...known.map(({ name, metric }) => new cloudwatch.GraphWidget({ title: name, left: [metric], width: 8 })),
    );
    this.#budget(settings);
  }

  #alarm({ name, metric, over, runbook }: Condition): cloudwatch.Alarm {
    const common = {
      alarmDescription: runbook,
      metric,
      treatMissingData: cloudwatch.TreatMissingData.NOT_BREACHING,
    };
    if (over === 'usual') {
      return new cloudwatch.AnomalyDetectionAlarm(this, name, {
        ...common,
        // Half an hour of it: a single burst is none.
        evaluationPeriods: 6,
        stdDevs: FAR,
        comparisonOperator: cloudwatch.ComparisonOperator.LESS_THAN_LOWER_OR_GREATER_THAN_UPPER_THRESHOLD,
      });
    }
    return new cloudwatch.Alarm(this, name, {
      ...common,
      threshold: over,
      evaluationPeriods: 1,
      comparisonOperator: cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
    });
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
