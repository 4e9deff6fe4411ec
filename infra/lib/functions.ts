// The functions: one artefact, of which the handler's name says what it is. Each has a role of its own, which may do what
// its activity does and nothing else. What calls them from outside, `triggers.ts` says.

import { Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as logs from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';

import limits from '../../states/limits.json' with { type: 'json' };
import type { Api } from './api.ts';
import { DELIVER, STEPS } from './document.ts';
import { explainAll } from './nag.ts';
import type { Page } from './page.ts';
import type { People } from './people.ts';
import { Rights, rightToInterfaces } from './rights.ts';
import type { Settings } from './settings.ts';
import type { Network } from './site.ts';
import type { Store } from './store.ts';

export interface FunctionsProps {
  readonly settings: Settings;
  readonly network?: Network;
  readonly store: Store;
  readonly people: People;
  readonly machine: string;
  readonly page: Page;
  readonly api: Api;
}

type Environment = Record<string, string>;

/** What takes as long as media does. */
const WORK = { memory: limits.workMemoryMiB, timeout: Duration.seconds(limits.workSeconds) };
const RECORDS = { memory: limits.recordsMemoryMiB, timeout: Duration.seconds(limits.recordsSeconds) };
const API = { memory: limits.apiMemoryMiB, timeout: Duration.seconds(limits.apiSeconds) };
/** It looks after many records in one round. */
const SWEEP = { ...RECORDS, timeout: Duration.minutes(5) };

/** What one of them has and the others have not. */
interface Apart {
  readonly told?: Environment;
  readonly place?: Partial<lambda.FunctionProps>;
}

interface Size {
  readonly memory: number;
  readonly timeout: Duration;
}

/** What the functions that are called from outside go by; what it leads to can be set back to an earlier version. */
const LIVE = 'live';

export class Functions extends Construct {
  readonly api: lambda.Alias;
  readonly sweep: lambda.Alias;
  readonly confirmUpload: lambda.Alias;
  readonly transcribeCallback: lambda.Alias;
  /** The step of a notice's delivery. */
  readonly deliver: lambda.Version;
  /** The steps of the workflow, each at the version of this deployment. */
  readonly steps: ReadonlyMap<string, lambda.Version>;
  readonly #props: FunctionsProps;

  /** `signIn` is what the API is told of where people sign in. */
  constructor(scope: Construct, id: string, props: FunctionsProps, signIn: Environment) {
    super(scope, id);
    this.#props = props;
    const rights = new Rights(this, props);
    this.api = this.#live('api', API, rights.api(), { told: signIn });
    this.sweep = this.#live('sweep', SWEEP, rights.sweep());
    this.confirmUpload = this.#live('confirm-upload', RECORDS, rights.confirmUpload());
    this.transcribeCallback = this.#live('transcribe-callback', RECORDS, rights.transcribeCallback());
    this.deliver = this.#function(DELIVER, RECORDS, rights.deliver(), { place: OUTSIDE }).currentVersion;
    this.steps = new Map(STEPS.map((step) => [step, this.#step(step, rights)]));
  }

  /** A running execution keeps its document, which names a version: so the versions of earlier deployments stay. */
  #step(name: string, rights: Rights): lambda.Version {
    const size = rights.isOnRecords(name) ? RECORDS : WORK;
    return this.#function(name, size, rights.step(name)).currentVersion;
  }

  #live(handler: string, size: Size, allowed: iam.PolicyStatement[], apart?: Apart): lambda.Alias {
    const version = this.#function(handler, size, allowed, apart).currentVersion;
    return new lambda.Alias(this, `${handler}-live`, { aliasName: LIVE, version });
  }

  #function(handler: string, { memory, timeout }: Size, allowed: iam.PolicyStatement[], { told, place }: Apart = {}): lambda.Function {
    const { settings } = this.#props;
    const group = new logs.LogGroup(this, `${handler}-log`, {
      retention: logs.RetentionDays.ONE_MONTH,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    const role = new iam.Role(this, `${handler}-role`, {
      assumedBy: new iam.ServicePrincipal('lambda.amazonaws.com'),
    });
    const where = place ?? this.#inNetwork();
    for (const statement of [...allowed, ...(where.vpc ? [rightToInterfaces()] : [])]) role.addToPolicy(statement);
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
      environment: { ...environment(this, this.#props), ...told },
      currentVersionOptions: { removalPolicy: RemovalPolicy.RETAIN },
      ...where,
    });
    group.grantWrite(role);
    explainAll(role, settings, this.#props.store);
    return made;
  }

  /** The site's private subnets, where there is one. */
  #inNetwork(): Partial<lambda.FunctionProps> {
    const { network } = this.#props;
    if (network === undefined) return OUTSIDE;
    return {
      vpc: network.vpc,
      vpcSubnets: { subnetType: ec2.SubnetType.PRIVATE_ISOLATED },
      securityGroups: [network.functions],
    };
  }
}

/** In Lambda's own network, from which the whole internet is reached: receivers of webhooks are anywhere, and a site's private subnets lead to AWS's services alone. */
const OUTSIDE: Partial<lambda.FunctionProps> = {};

/** What a process of this stage is told, be it a function or a worker. */
export function environment(scope: Construct, { settings, store, people, machine, page, api }: FunctionsProps): Environment {
  const { mail } = settings;
  return {
    LOCKGATE_STAGE: settings.stage,
    LOCKGATE_TABLE: store.table.tableName,
    LOCKGATE_STATE_MACHINE: machine,
    LOCKGATE_UPLOADS: store.uploads.bucketName,
    LOCKGATE_RESULTS: store.results.bucketName,
    LOCKGATE_PUBLIC_URL: page.url,
    LOCKGATE_HOSTS: api.host(Stack.of(scope)),
    LOCKGATE_WORKERS: String(settings.workers),
    LOCKGATE_USER_POOL: people.pool.userPoolId,
    ...(mail && { LOCKGATE_MAIL_FROM: mail.from, LOCKGATE_MAIL_EVENTS: mail.events.join(',') }),
  };
}
