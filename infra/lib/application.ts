// One copy of the product, from top to bottom: what is kept, the workflow, the functions, the API, the page, and what
// watches them.

import { CfnOutput, Stack, type StackProps } from 'aws-cdk-lib';
import type { Construct } from 'constructs';

import { Api } from './api.ts';
import { Functions } from './functions.ts';
import { Page } from './page.ts';
import { People } from './people.ts';
import type { Settings } from './settings.ts';
import type { Network } from './site.ts';
import { Store } from './store.ts';
import { Watch } from './watch.ts';
import { Workflow, machineArn } from './workflow.ts';

export interface ApplicationProps extends StackProps {
  readonly settings: Settings;
  readonly network?: Network;
}

export class ApplicationStack extends Stack {
  constructor(scope: Construct, id: string, { settings, network, ...props }: ApplicationProps) {
    super(scope, id, props);
    const people = new People(this, 'People', settings);
    const api = new Api(this, 'Api', { settings, people });
    const page = new Page(this, 'Page', { settings, api });
    const store = new Store(this, 'Store', { settings, origin: page.url });
    const machine = machineArn(this, settings);
    const functions = new Functions(this, 'Functions', { settings, network, store, machine, page, api });
    const workflow = new Workflow(this, 'Workflow', { settings, steps: functions.steps });
    api.serve(functions.api);
    new Watch(this, 'Watch', { settings, store, functions, workflow, api });

    const outputs = {
      PageUrl: page.url,
      ApiUrl: api.url,
      ApiHost: api.host(this),
      PageBucket: page.bucket.bucketName,
      Uploads: store.uploads.bucketName,
      Results: store.results.bucketName,
      Table: store.table.tableName,
      Uploaded: store.uploaded.queueUrl,
      DeadLetters: store.deadLetters.queueUrl,
      StateMachine: machine,
      ApiFunction: functions.api.functionName,
      SweepFunction: functions.sweep.functionName,
      ConfirmUploadFunction: functions.confirmUpload.functionName,
      UserPool: people.pool.userPoolId,
      UserPoolClient: people.client.userPoolClientId,
    };
    for (const [step, version] of functions.steps) {
      new CfnOutput(this, `Step-${step}`, { value: version.lambda.functionName });
    }
    for (const [name, value] of Object.entries(outputs)) new CfnOutput(this, name, { value });
  }
}
