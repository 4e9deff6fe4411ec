// The roles of what runs in containers, whoever runs them: a worker may do the same on ECS and on Kubernetes, and so may the
// API.

import * as iam from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';

import type { FunctionsProps } from './functions.ts';
import { explainAll } from './nag.ts';
import { Rights } from './rights.ts';
import type { Workflow } from './workflow.ts';

export interface WorkerProps extends FunctionsProps {
  /** Whose tasks it asks for. */
  readonly workflow: Workflow;
}

export function workerRole(scope: Construct, id: string, assumedBy: iam.IPrincipal, props: WorkerProps): iam.Role {
  const activities = [...props.workflow.activities.values()].map((activity) => activity.activityArn);
  return made(scope, id, { assumedBy, props, allowed: (rights) => rights.worker(activities) });
}

export function apiRole(scope: Construct, id: string, assumedBy: iam.IPrincipal, props: FunctionsProps): iam.Role {
  return made(scope, id, { assumedBy, props, allowed: (rights) => rights.api() });
}

interface Making {
  readonly assumedBy: iam.IPrincipal;
  readonly props: FunctionsProps;
  readonly allowed: (rights: Rights) => iam.PolicyStatement[];
}

function made(scope: Construct, id: string, { assumedBy, props, allowed }: Making): iam.Role {
  const role = new iam.Role(scope, id, { assumedBy });
  for (const statement of allowed(new Rights(scope, props))) role.addToPolicy(statement);
  explainAll(role, props.settings, props.store);
  return role;
}
