// One copy of the product, from top to bottom: what is kept, the workflow, the functions, the workers, the API, the page,
// and what watches them.

import { CfnOutput, Stack, type StackProps } from 'aws-cdk-lib';
import type { Construct } from 'constructs';

import { Api } from './api.ts';
import { Functions } from './functions.ts';
import { Page } from './page.ts';
import { People } from './people.ts';
import { Pods } from './pods.ts';
import type { Settings } from './settings.ts';
import type { Network } from './site.ts';
import { Service } from './service.ts';
import { Store } from './store.ts';
import { Triggers } from './triggers.ts';
import { Watch } from './watch.ts';
import { Workers } from './workers.ts';
import { Workflow, machineArn } from './workflow.ts';

export interface ApplicationProps extends StackProps {
  readonly settings: Settings;
  readonly network?: Network;
}

export class ApplicationStack extends Stack {
  constructor(scope: Construct, id: string, { settings, network, ...props }: ApplicationProps) {
    super(scope, id, props);
    const people = new People(this, 'People', settings);
    const api = new Api(this, 'Api', { settings });
    const page = new Page(this, 'Page', { settings, api, people });
    const client = people.admit(page.url);
    const store = new Store(this, 'Store', { settings, origin: page.url });
    const machine = machineArn(this, settings);
    const processes = { settings, network, store, people, machine, page, api };
    const functions = new Functions(this, 'Functions', processes, people.told(client));
    const workflow = new Workflow(this, 'Workflow', { settings, steps: functions.steps, deliver: functions.deliver });
    new Triggers(this, 'Triggers', { settings, store, functions, machine });
    if (network !== undefined && settings.worker !== undefined) {
      new Workers(this, 'Workers', { ...processes, network, workflow, tag: settings.worker });
    }
    const pods = settings.pods && new Pods(this, 'Pods', { ...processes, workflow, pods: settings.pods });
    api.serve(functions.api, people, client);
    const service =
      network !== undefined && settings.service !== undefined
        ? new Service(this, 'Service', { ...processes, network, service: settings.service, client })
        : undefined;
    new Watch(this, 'Watch', { settings, store, functions, workflow, api, service });

    const outputs = {
      PageUrl: page.url,
      ApiUrl: api.url,
      ApiHost: api.host(this),
      PageBucket: page.bucket.bucketName,
      Uploads: store.uploads.bucketName,
      Results: store.results.bucketName,
      Table: store.table.tableName,
      Flags: store.flags.parameterName,
      Uploaded: store.uploaded.queueUrl,
      DeadLetters: store.deadLetters.queueUrl,
      StateMachine: machine,
      DeliverFunction: functions.deliver.lambda.functionName,
      Transcribed: store.transcribed.queueUrl,
      ApiFunction: functions.api.lambda.functionName,
      SweepFunction: functions.sweep.lambda.functionName,
      ConfirmUploadFunction: functions.confirmUpload.lambda.functionName,
      TranscribeCallbackFunction: functions.transcribeCallback.lambda.functionName,
      UserPool: people.pool.userPoolId,
      UserPoolClient: client.userPoolClientId,
      SignIn: people.signIn,
    };
    if (service !== undefined) new CfnOutput(this, 'ServiceBalancer', { value: service.balancer });
    for (const [name, arn] of Object.entries(pods?.roles ?? {})) new CfnOutput(this, name, { value: arn });
    for (const [step, version] of functions.steps) {
      new CfnOutput(this, `Step-${step}`, { value: version.lambda.functionName });
    }
    for (const [name, value] of Object.entries(outputs)) new CfnOutput(this, name, { value });
  }
}
