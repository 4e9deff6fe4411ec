// What each function and each worker may do: one method for each, which says it in the words of its activity.

import { Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';

import { identities } from './mail.ts';
import type { People } from './people.ts';
import type { Settings } from './settings.ts';
import type { Store } from './store.ts';
import { jobsPrefix } from './triggers.ts';
import { executionsArn, noticesArn } from './workflow.ts';

export interface Holdings {
  readonly settings: Settings;
  readonly store: Store;
  readonly people: People;
  readonly machine: string;
}

const may = (actions: string[], ...resources: string[]): iam.PolicyStatement => new iam.PolicyStatement({ actions, resources });

/** Without it a function with a role of its own is not even made in a network: Lambda makes its interfaces there as that role. */
export function rightToInterfaces(): iam.PolicyStatement {
  const interfaces = ['CreateNetworkInterface', 'DescribeNetworkInterfaces', 'DeleteNetworkInterface', 'DescribeSubnets'];
  const addresses = ['AssignPrivateIpAddresses', 'UnassignPrivateIpAddresses'];
  return may([...interfaces, ...addresses].map((action) => `ec2:${action}`), '*');
}

export class Rights {
  readonly #scope: Construct;
  readonly #holdings: Holdings;

  constructor(scope: Construct, holdings: Holdings) {
    this.#scope = scope;
    this.#holdings = holdings;
  }

  api(): iam.PolicyStatement[] {
    return [
      ...this.#moves(),
      this.#onTable(['dynamodb:PutItem', 'dynamodb:BatchGetItem']),
      this.#uploads('s3:PutObject', 's3:GetObject', 's3:DeleteObject', 's3:AbortMultipartUpload'),
      this.#results('s3:GetObject', 's3:DeleteObject', 's3:AbortMultipartUpload'),
      this.#lists(),
      this.#starts(),
      ...this.#notifies(),
      this.#flags('ssm:GetParameter', 'ssm:PutParameter'),
      this.#executions('states:StopExecution', 'states:DescribeExecution', 'states:DescribeStateMachineForExecution', 'states:GetExecutionHistory'),
      this.#onIndex('by-due'), // by which it says whether it is well
    ];
  }

  confirmUpload(): iam.PolicyStatement[] {
    return [
      ...this.#moves(),
      this.#onTable(['dynamodb:PutItem']),
      this.#uploads('s3:GetObject', 's3:DeleteObject'),
      this.#lists(),
      this.#starts(),
      ...this.#notifies(),
      this.#flags('ssm:GetParameter'),
    ];
  }

  sweep(): iam.PolicyStatement[] {
    return [
      ...this.#moves(),
      this.#onIndex('by-due'),
      this.#uploads('s3:GetObject', 's3:DeleteObject'),
      this.#results('s3:DeleteObject', 's3:AbortMultipartUpload'),
      this.#lists(),
      this.#starts(),
      ...this.#notifies(),
      this.#executions('states:StopExecution', 'states:DescribeExecution', 'states:DescribeStateMachineForExecution'),
    ];
  }

  transcribeCallback(): iam.PolicyStatement[] {
    return [
      ...this.#makes(),
      this.#onIndex('by-due'),
      this.#transcripts('s3:GetObject', 's3:DeleteObject'),
      this.#transcriptions('transcribe:GetTranscriptionJob'),
      this.#tells(),
    ];
  }

  /** To try one delivery, and to tell elsewhere that an endpoint was switched off. */
  deliver(): iam.PolicyStatement[] {
    return [...this.#moves(), ...this.#notifies(), ...this.#writesLetters()];
  }

  /** Of a step of the workflow. A step that is not named here works on media. */
  step(name: string): iam.PolicyStatement[] {
    switch (name) {
      case 'begin':
        return this.#moves();
      case 'probe':
        return [this.#uploads('s3:GetObject')];
      case 'captions':
        // Transcribe reads and writes by the rights of who asks it.
        return [
          ...this.#moves(),
          this.#uploads('s3:GetObject'),
          this.#transcripts('s3:PutObject'),
          this.#results('s3:GetObject'),
          this.#lists(),
          this.#transcriptions('transcribe:StartTranscriptionJob'),
          this.#tells(),
        ];
      case 'finish':
      case 'fail':
        return [
          ...this.#moves(),
          this.#uploads('s3:DeleteObject'),
          this.#results('s3:DeleteObject', 's3:AbortMultipartUpload', 's3:GetObject'),
          this.#lists(),
          ...this.#notifies(),
          this.#executions('states:DescribeExecution', 'states:DescribeStateMachineForExecution'),
        ];
      default:
        return [...this.#makes(), this.#uploads('s3:GetObject')];
    }
  }

  /** Of a worker that asks for the tasks of these activities. */
  worker(activities: string[]): iam.PolicyStatement[] {
    return [
      ...this.#makes(),
      this.#uploads('s3:GetObject'),
      may(['states:GetActivityTask', 'states:SendTaskHeartbeat', 'states:SendTaskSuccess', 'states:SendTaskFailure'], ...activities),
    ];
  }

  /** Whether a step only reads and writes records. */
  isOnRecords(name: string): boolean {
    return ['begin', 'finish', 'fail', 'captions'].includes(name);
  }

  /** To read a record and to write it on condition: nobody may delete one, nor scan them. */
  #moves(): iam.PolicyStatement[] {
    return [this.#onTable(['dynamodb:GetItem', 'dynamodb:UpdateItem'])];
  }

  /** To write results, and to read them back. */
  #makes(): iam.PolicyStatement[] {
    return [
      ...this.#moves(),
      this.#results('s3:PutObject', 's3:GetObject', 's3:DeleteObject', 's3:AbortMultipartUpload'),
      this.#lists(),
    ];
  }

  #onTable(actions: string[]): iam.PolicyStatement {
    return may(actions, this.#holdings.store.table.tableArn);
  }

  #onIndex(name: string): iam.PolicyStatement {
    return may(['dynamodb:Query'], `${this.#holdings.store.table.tableArn}/index/${name}`);
  }

  #uploads(...actions: string[]): iam.PolicyStatement {
    return may(actions, this.#holdings.store.uploads.arnForObjects('*'));
  }

  #transcripts(...actions: string[]): iam.PolicyStatement {
    return may(actions, this.#holdings.store.uploads.arnForObjects('transcripts/*'));
  }

  #results(...actions: string[]): iam.PolicyStatement {
    return may(actions, this.#holdings.store.results.arnForObjects('*'));
  }

  /** Without this, an object that is not there is answered as one that is forbidden. */
  #lists(): iam.PolicyStatement {
    const { uploads, results } = this.#holdings.store;
    return may(['s3:ListBucket', 's3:ListBucketMultipartUploads'], uploads.bucketArn, results.bucketArn);
  }

  /** To find who wants to be told, and to have them told. */
  #notifies(): iam.PolicyStatement[] {
    return [this.#onIndex('by-owner'), may(['states:StartExecution'], noticesArn(this.#scope, this.#holdings.settings))];
  }

  /** To write to whom it concerns, under the one name, and to ask where they are. */
  #writesLetters(): iam.PolicyStatement[] {
    const { people, settings: { mail } } = this.#holdings;
    if (mail === undefined) return [];
    const stack = Stack.of(this.#scope);
    const identity = (resourceName: string) => stack.formatArn({ service: 'ses', resource: 'identity', resourceName });
    return [
      // By its id: a stand-in that has no pools has no name for one either.
      may(['cognito-idp:AdminGetUser'], stack.formatArn({ service: 'cognito-idp', resource: 'userpool', resourceName: people.pool.userPoolId })),
      new iam.PolicyStatement({
        actions: ['ses:SendEmail'],
        resources: identities(mail).map(identity),
        conditions: { StringEquals: { 'ses:FromAddress': mail.address } },
      }),
    ];
  }

  #flags(...actions: string[]): iam.PolicyStatement {
    return may(actions, this.#holdings.store.flags.parameterArn);
  }

  #starts(): iam.PolicyStatement {
    return may(['states:StartExecution'], this.#holdings.machine);
  }

  /** To call back by a task's token, which is of this machine's. */
  #tells(): iam.PolicyStatement {
    return may(['states:SendTaskHeartbeat', 'states:SendTaskSuccess', 'states:SendTaskFailure'], this.#holdings.machine);
  }

  #executions(...actions: string[]): iam.PolicyStatement {
    return may(actions, executionsArn(this.#scope, this.#holdings.settings));
  }

  #transcriptions(...actions: string[]): iam.PolicyStatement {
    const resourceName = `${jobsPrefix(this.#holdings.settings)}*`;
    return may(actions, Stack.of(this.#scope).formatArn({ service: 'transcribe', resource: 'transcription-job', resourceName }));
  }
}
