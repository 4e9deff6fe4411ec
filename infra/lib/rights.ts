// What each function may do: one method for each, which says it in the words of its activity.

import * as iam from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';

import type { Settings } from './settings.ts';
import type { Store } from './store.ts';
import { executionsArn } from './workflow.ts';

export interface Holdings {
  readonly settings: Settings;
  readonly store: Store;
  readonly machine: string;
}

const may = (actions: string[], ...resources: string[]): iam.PolicyStatement => new iam.PolicyStatement({ actions, resources });

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
      this.#onIndex('by-owner'),
      this.#uploads('s3:PutObject', 's3:GetObject', 's3:DeleteObject', 's3:AbortMultipartUpload'),
      this.#results('s3:GetObject', 's3:DeleteObject', 's3:AbortMultipartUpload'),
      this.#lists(),
      this.#starts(),
      ...this.#executions('states:StopExecution', 'states:DescribeExecution', 'states:DescribeStateMachineForExecution', 'states:GetExecutionHistory'),
    ];
  }

  confirmUpload(): iam.PolicyStatement[] {
    return [
      ...this.#moves(),
      this.#onTable(['dynamodb:PutItem']),
      this.#uploads('s3:GetObject', 's3:DeleteObject'),
      this.#lists(),
      this.#starts(),
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
      ...this.#executions('states:StopExecution', 'states:DescribeExecution', 'states:DescribeStateMachineForExecution'),
    ];
  }

  /** Of a step of the workflow. A step that is not named here works on media. */
  step(name: string): iam.PolicyStatement[] {
    switch (name) {
      case 'begin':
        return this.#moves();
      case 'probe':
        return [this.#uploads('s3:GetObject')];
      case 'finish':
      case 'fail':
        return [
          ...this.#moves(),
          this.#uploads('s3:DeleteObject'),
          this.#results('s3:DeleteObject', 's3:AbortMultipartUpload', 's3:GetObject'),
          this.#lists(),
          ...this.#executions('states:DescribeExecution', 'states:DescribeStateMachineForExecution'),
        ];
      default:
        return [
          ...this.#moves(),
          this.#uploads('s3:GetObject'),
          this.#results('s3:PutObject', 's3:GetObject', 's3:DeleteObject', 's3:AbortMultipartUpload'),
          this.#lists(),
        ];
    }
  }

  /** Whether a step only reads and writes records. */
  isOnRecords(name: string): boolean {
    return ['begin', 'finish', 'fail'].includes(name);
  }

  /** To read a record and to write it on condition: nobody may delete one, nor scan them. */
  #moves(): iam.PolicyStatement[] {
    return [this.#onTable(['dynamodb:GetItem', 'dynamodb:UpdateItem'])];
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

  #results(...actions: string[]): iam.PolicyStatement {
    return may(actions, this.#holdings.store.results.arnForObjects('*'));
  }

  /** Without this, an object that is not there is answered as one that is forbidden. */
  #lists(): iam.PolicyStatement {
    const { uploads, results } = this.#holdings.store;
    return may(['s3:ListBucket', 's3:ListBucketMultipartUploads'], uploads.bucketArn, results.bucketArn);
  }

  #starts(): iam.PolicyStatement {
    return may(['states:StartExecution'], this.#holdings.machine);
  }

  #executions(...actions: string[]): iam.PolicyStatement[] {
    return [may(actions, executionsArn(this.#scope, this.#holdings.settings))];
  }
}
