// The functions: one artefact, of which the handler's name says what it is. Each has a role of its own, which may do what
// its activity does and nothing else.

import { Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as events from 'aws-cdk-lib/aws-events';
import * as targets from 'aws-cdk-lib/aws-events-targets';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as sources from 'aws-cdk-lib/aws-lambda-event-sources';
import * as logs from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';

import type { Api } from './api.ts';
import { STEPS } from './document.ts';
import { ANY_RESOURCE, anyExecutionOf, anyObjectOf, explain } from './nag.ts';
import type { Page } from './page.ts';
import { Rights } from './rights.ts';
import type { Settings } from './settings.ts';
import type { Network } from './site.ts';
import { CONFIRMING, type Store } from './store.ts';
import { machineName } from './workflow.ts';

export interface FunctionsProps {
  readonly settings: Settings;
  readonly network?: Network;
  readonly store: Store;
  readonly machine: string;
  readonly page: Page;
  readonly api: Api;
}

/** So much memory comes with a whole processor. */
const WHOLE_PROCESSOR = 1769;
const SMALL = 256;

/** What takes as long as media does. */
const WORK = { memory: WHOLE_PROCESSOR, timeout: Duration.minutes(15) };
const RECORDS = { memory: SMALL, timeout: CONFIRMING };

interface Size {
  readonly memory: number;
  readonly timeout: Duration;
}

export class Functions extends Construct {
  readonly api: lambda.Function;
  readonly sweep: lambda.Function;
  readonly confirmUpload: lambda.Function;
  /** The steps of the workflow, each at the version of this deployment. */
  readonly steps: ReadonlyMap<string, lambda.Version>;
  readonly #props: FunctionsProps;

  constructor(scope: Construct, id: string, props: FunctionsProps) {
    super(scope, id);
    this.#props = props;
    const rights = new Rights(this, props);
    this.api = this.#function('api', { memory: 512, timeout: Duration.seconds(29) }, rights.api());
    this.sweep = this.#function('sweep', { memory: SMALL, timeout: Duration.minutes(5) }, rights.sweep());
    this.confirmUpload = this.#function('confirm-upload', RECORDS, rights.confirmUpload());
    this.steps = new Map(STEPS.map((step) => [step, this.#step(step, rights)]));
    this.confirmUpload.addEventSource(
      new sources.SqsEventSource(props.store.uploaded, {
        batchSize: 10,
        reportBatchItemFailures: true,
        maxConcurrency: 50,
      }),
    );
    new events.Rule(this, 'EveryMinute', {
      schedule: events.Schedule.rate(Duration.minutes(1)),
      targets: [new targets.LambdaFunction(this.sweep, { retryAttempts: 0 })],
    });
  }

  #step(name: string, rights: Rights): lambda.Version {
    const size = rights.isOnRecords(name) ? RECORDS : WORK;
    return this.#function(name, size, rights.step(name)).currentVersion;
  }

  #function(handler: string, { memory, timeout }: Size, allowed: iam.PolicyStatement[]): lambda.Function {
    const { settings, network } = this.#props;
    const group = new logs.LogGroup(this, `${handler}-log`, {
      retention: logs.RetentionDays.ONE_MONTH,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    const role = new iam.Role(this, `${handler}-role`, {
      assumedBy: new iam.ServicePrincipal('lambda.amazonaws.com'),
    });
    for (const statement of allowed) role.addToPolicy(statement);
    const inNetwork = network && {
      vpc: network.vpc,
      vpcSubnets: { subnetType: ec2.SubnetType.PRIVATE_ISOLATED },
      securityGroups: [network.functions],
    };
    const made = new lambda.Function(this, handler, {
      description: `Lockgate ${settings.stage}: ${handler}`,
      runtime: lambda.Runtime.PROVIDED_AL2023,
      architecture: lambda.Architecture.X86_64,
      code: lambda.Code.fromAsset(settings.artefact),
      handler,
      memorySize: memory,
      timeout,
      role,
      logGroup: group,
      loggingFormat: lambda.LoggingFormat.JSON,
      tracing: lambda.Tracing.ACTIVE,
      environment: this.#environment(),
      currentVersionOptions: { removalPolicy: RemovalPolicy.RETAIN },
      ...inNetwork,
    });
    group.grantWrite(role);
    explain(role, ANY_RESOURCE, 'Traces, and network interfaces in a site, are granted for no single resource');
    for (const bucket of [this.#props.store.uploads, this.#props.store.results]) {
      explain(role, anyObjectOf(bucket), 'The keys are made when the files are');
    }
    explain(role, anyExecutionOf(machineName(settings)), 'The names of executions are those of sessions');
    return made;
  }

  #environment(): Record<string, string> {
    const { store, machine, page, api } = this.#props;
    return {
      LOCKGATE_TABLE: store.table.tableName,
      LOCKGATE_STATE_MACHINE: machine,
      LOCKGATE_UPLOADS: store.uploads.bucketName,
      LOCKGATE_RESULTS: store.results.bucketName,
      LOCKGATE_PUBLIC_URL: page.url,
      LOCKGATE_HOSTS: api.host(Stack.of(this)),
    };
  }
}
