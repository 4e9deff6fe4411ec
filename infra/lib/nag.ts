// Where a rule of cdk-nag does not fit, the reason stands beside what it is about.

import { Stack, Validations } from 'aws-cdk-lib';
import type * as iam from 'aws-cdk-lib/aws-iam';
import type * as s3 from 'aws-cdk-lib/aws-s3';
import type { IConstruct } from 'constructs';

import type { Settings } from './settings.ts';
import type { Store } from './store.ts';
import { jobsPrefix } from './triggers.ts';
import { machineName } from './workflow.ts';

export function explain(what: IConstruct, rule: string, reason: string): void {
  Validations.of(what).acknowledge({ id: `AwsSolutions::${rule}`, reason });
}

/** The rule against wildcards names each one that it has found. */
export const ANY_RESOURCE = 'AwsSolutions-IAM5[Resource::*]';

/** What the roles of the product's own processes hold of wildcards. */
export function explainAll(role: iam.Role, settings: Settings, { uploads, results }: Store): void {
  explain(role, ANY_RESOURCE, 'Traces, network interfaces in a site, and the pull of an image are granted for no single resource');
  for (const bucket of [uploads, results]) explain(role, anyObjectOf(bucket), 'The keys are made when the files are');
  explain(role, anyObjectOf(uploads, 'transcripts/'), 'Transcripts are named after sessions');
  explain(role, anyOf('states', `execution:${machineName(settings)}:*`), 'The names of executions are those of sessions');
  explain(role, anyOf('transcribe', `transcription-job/${jobsPrefix(settings)}*`), 'Transcriptions are named after sessions');
}

function anyObjectOf(bucket: s3.Bucket, below = ''): string {
  const id = Stack.of(bucket).getLogicalId(bucket.node.defaultChild as s3.CfnBucket);
  return `AwsSolutions-IAM5[Resource::<${id}.Arn>/${below}*]`;
}

function anyOf(service: string, resource: string): string {
  return `AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:${service}:<AWS::Region>:<AWS::AccountId>:${resource}]`;
}
