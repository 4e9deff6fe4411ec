// Where a rule of cdk-nag does not fit, the reason stands beside what it is about.

import { Stack, Validations } from 'aws-cdk-lib';
import type * as s3 from 'aws-cdk-lib/aws-s3';
import type { IConstruct } from 'constructs';

export function explain(what: IConstruct, rule: string, reason: string): void {
  Validations.of(what).acknowledge({ id: `AwsSolutions::${rule}`, reason });
}

/** The rule against wildcards names each one that it has found. */
export const ANY_RESOURCE = 'AwsSolutions-IAM5[Resource::*]';

export function anyObjectOf(bucket: s3.Bucket): string {
  const id = Stack.of(bucket).getLogicalId(bucket.node.defaultChild as s3.CfnBucket);
  return `AwsSolutions-IAM5[Resource::<${id}.Arn>/*]`;
}

export function anyExecutionOf(machine: string): string {
  return `AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:states:<AWS::Region>:<AWS::AccountId>:execution:${machine}:*]`;
}
