// The state machines of one attempt, and of one notice. A running execution keeps its document, and with it the versions of the functions it
// names; so the versions of earlier deployments stay.

import { ArnFormat, RemovalPolicy, Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as lambda from 'aws-cdk-lib/aws-lambda';
import * as logs from 'aws-cdk-lib/aws-logs';
import * as sfn from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';

import { DELIVER, WORKED, activityOf, document, noticeDocument } from './document.ts';
import { ANY_RESOURCE, explain } from './nag.ts';
import type { Settings } from './settings.ts';

export const machineName = (settings: Settings): string => `lockgate-${settings.stage}-session`;

/** By its name: the functions are told of the machine, and the machine of the functions. */
export function machineArn(scope: Construct, settings: Settings): string {
  return Stack.of(scope).formatArn({ service: 'states', resource: 'stateMachine', resourceName: machineName(settings), arnFormat: ArnFormat.COLON_RESOURCE_NAME });
}

/** Every execution of it. */
export function executionsArn(scope: Construct, settings: Settings): string {
  return Stack.of(scope).formatArn({ service: 'states', resource: 'execution', resourceName: `${machineName(settings)}:*`, arnFormat: ArnFormat.COLON_RESOURCE_NAME });
}

/** The machine of notices, which the driver knows by this name. */
export function noticesArn(scope: Construct, settings: Settings): string {
  return `${machineArn(scope, settings)}-notify`;
}

export interface WorkflowProps {
  readonly settings: Settings;
  readonly steps: ReadonlyMap<string, lambda.Version>;
  readonly deliver: lambda.Version;
}

/** What a document's placeholders stand for. */
interface Filling {
  readonly functions: readonly lambda.Version[];
  readonly filled: readonly (readonly [string, string])[];
}

export class Workflow extends Construct {
  readonly machine: sfn.StateMachine;
  /** What workers ask for, by the step. */
  readonly activities: ReadonlyMap<string, sfn.Activity>;

  constructor(scope: Construct, id: string, { settings, steps, deliver }: WorkflowProps) {
    super(scope, id);
    const named = (step: string) => new sfn.Activity(this, step, { activityName: `${machineName(settings)}-${activityOf(step)}` });
    this.activities = new Map(WORKED.map((step) => [step, named(step)]));
    this.machine = this.#machine('Session', machineName(settings), document(), {
      functions: [...steps.values()],
      filled: [
        ...[...steps].map(([name, version]) => [name, version.functionArn] as const),
        ...[...this.activities].map(([name, activity]) => [name, activity.activityArn] as const),
      ],
    });
    this.#machine('Notice', `${machineName(settings)}-notify`, noticeDocument(), {
      functions: [deliver],
      filled: [[DELIVER, deliver.functionArn]],
    });
  }

  /** A machine that may invoke these functions and nothing else. */
  #machine(id: string, name: string, text: string, { functions, filled }: Filling): sfn.StateMachine {
    const role = new iam.Role(this, `${id}Role`, { assumedBy: new iam.ServicePrincipal('states.amazonaws.com') });
    role.addToPolicy(
      new iam.PolicyStatement({
        actions: ['lambda:InvokeFunction'],
        resources: functions.map((version) => version.functionArn),
      }),
    );
    const group = new logs.LogGroup(this, `${id}Log`, {
      logGroupName: `/aws/vendedlogs/states/${name}`,
      retention: logs.RetentionDays.ONE_MONTH,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    explain(role, ANY_RESOURCE, 'Delivery of logs, and of traces, is granted for no single resource');
    return new sfn.StateMachine(this, id, {
      stateMachineName: name,
      definitionBody: sfn.DefinitionBody.fromString(text),
      definitionSubstitutions: Object.fromEntries(filled),
      role,
      tracingEnabled: true,
      // Without what passes between the steps: names of people's files stand there.
      logs: { destination: group, level: sfn.LogLevel.ALL, includeExecutionData: false },
    });
  }
}
