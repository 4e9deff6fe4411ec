// The state machine of one attempt. A running execution keeps its document, and with it the versions of the functions it
// names; so the versions of earlier deployments stay.

import { ArnFormat, RemovalPolicy, Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as lambda from 'aws-cdk-lib/aws-lambda';
import * as logs from 'aws-cdk-lib/aws-logs';
import * as sfn from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';

import { document } from './document.ts';
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

export interface WorkflowProps {
  readonly settings: Settings;
  readonly steps: ReadonlyMap<string, lambda.Version>;
}

export class Workflow extends Construct {
  readonly machine: sfn.StateMachine;

  constructor(scope: Construct, id: string, { settings, steps }: WorkflowProps) {
    super(scope, id);
    const role = new iam.Role(this, 'Role', { assumedBy: new iam.ServicePrincipal('states.amazonaws.com') });
    role.addToPolicy(
      new iam.PolicyStatement({
        actions: ['lambda:InvokeFunction'],
        resources: [...steps.values()].map((version) => version.functionArn),
      }),
    );
    const group = new logs.LogGroup(this, 'Log', {
      logGroupName: `/aws/vendedlogs/states/${machineName(settings)}`,
      retention: logs.RetentionDays.ONE_MONTH,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    this.machine = new sfn.StateMachine(this, 'Session', {
      stateMachineName: machineName(settings),
      definitionBody: sfn.DefinitionBody.fromString(document()),
      definitionSubstitutions: Object.fromEntries([...steps].map(([name, version]) => [name, version.functionArn])),
      role,
      tracingEnabled: true,
      // Without what passes between the steps: names of people's files stand there.
      logs: { destination: group, level: sfn.LogLevel.ALL, includeExecutionData: false },
    });
    explain(role, ANY_RESOURCE, 'Delivery of logs, and of traces, is granted for no single resource');
  }
}
