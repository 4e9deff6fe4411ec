// Whose role may do what, as a template says.

import type { Template } from 'aws-cdk-lib/assertions';
import { expect } from 'vitest';

import { STEPS } from '../lib/document.ts';

export interface Statement {
  Sid?: string;
  Effect: string;
  Action: string | string[];
  Resource?: unknown;
  Principal?: unknown;
  Condition?: unknown;
}

/** The functions that no step of the workflow is. */
export const CALLED = ['api', 'confirm-upload', 'sweep', 'transcribe-callback'];

/** All functions. */
export const ALL = [...STEPS, ...CALLED, 'deliver'];

/** What the delivery of logs and traces takes, which is granted for no single resource. */
export const TELLS = [
  'logs:CreateLogDelivery',
  'logs:DeleteLogDelivery',
  'logs:DescribeLogGroups',
  'logs:DescribeResourcePolicies',
  'logs:GetLogDelivery',
  'logs:ListLogDeliveries',
  'logs:PutResourcePolicy',
  'logs:UpdateLogDelivery',
  'xray:GetSamplingRules',
  'xray:GetSamplingTargets',
  'xray:PutTelemetryRecords',
  'xray:PutTraceSegments',
];

export const list = <T>(value: T | T[] | undefined): T[] => (value === undefined ? [] : Array.isArray(value) ? value : [value]);

/** The one role whose name begins so: what it is called, and who may be it. */
export function role(template: Template, begins: string): { readonly id: string; readonly assumed: Statement[] } {
  const roles = Object.entries(template.findResources('AWS::IAM::Role')).filter(([id]) => id.startsWith(begins));
  expect(roles.map(([id]) => id), begins).toHaveLength(1);
  const [id, { Properties }] = roles[0]!;
  return { id, assumed: Properties.AssumeRolePolicyDocument.Statement };
}

/** What the role of a function may do: each action, with the resources it is for. */
export function allowed(application: Template, handler: string, begins = `Functions${handler.replaceAll('-', '')}role`): Map<string, unknown[]> {
  const { id } = role(application, begins);
  const policies = Object.values(application.findResources('AWS::IAM::Policy')).filter((policy) =>
    policy.Properties.Roles.some((named: { Ref: string }) => named.Ref === id),
  );
  const may = new Map<string, unknown[]>();
  for (const policy of policies) {
    for (const statement of policy.Properties.PolicyDocument.Statement as Statement[]) {
      expect(statement.Effect).toBe('Allow');
      for (const action of list(statement.Action)) {
        may.set(action, [...(may.get(action) ?? []), ...list(statement.Resource)]);
      }
    }
  }
  return may;
}
