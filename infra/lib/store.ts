// What is kept: the uploads for a while, the results for good, the records, and the notices of uploads on their way.

import { Aws, Duration, Fn, RemovalPolicy } from 'aws-cdk-lib';
import * as dynamodb from 'aws-cdk-lib/aws-dynamodb';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as s3 from 'aws-cdk-lib/aws-s3';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import * as ssm from 'aws-cdk-lib/aws-ssm';
import { Construct } from 'constructs';

import limits from '../../states/limits.json' with { type: 'json' };
import { explain } from './nag.ts';
import type { Settings } from './settings.ts';

const DAY = 24 * 3600;

/** What is in parts for longer than an upload may come is nobody's. */
const UNFINISHED = Duration.days(Math.ceil((limits.urlSeconds + limits.uploadGraceSeconds) / DAY));

/** So often a notice is tried before it is a dead letter. */
const TRIES = 5;

/** What the buckets hold that browsers are sent to. */
export const HELD = ['uploads', 'results'] as const;

/**
 * A name that is known before the bucket is, for the page's policy: the bucket waits for the page, whose origin it names.
 * The beginning of the stack's own id is in it, so that what an earlier stack of the name has left is in nobody's way.
 */
export function bucketName({ stage }: Settings, held: (typeof HELD)[number]): string {
  const id = Fn.select(2, Fn.split('/', Aws.STACK_ID));
  return Fn.join('-', ['lockgate', stage, held, Aws.ACCOUNT_ID, Fn.select(0, Fn.split('-', id))]);
}

export interface StoreProps {
  readonly settings: Settings;
  /** Where the page is, which alone may send and fetch from a browser. */
  readonly origin: string;
}

export class Store extends Construct {
  readonly uploads: s3.Bucket;
  readonly results: s3.Bucket;
  readonly table: dynamodb.TableV2;
  readonly uploaded: sqs.Queue;
  /** What Transcribe tells of its jobs. */
  readonly transcribed: sqs.Queue;
  readonly deadLetters: sqs.Queue;
  /** What may change at any time, without a deployment: the API writes it, and functions look at it now and then. */
  readonly flags: ssm.StringParameter;
  readonly #keep: RemovalPolicy;

  constructor(scope: Construct, id: string, { settings, origin }: StoreProps) {
    super(scope, id);
    this.#keep = settings.retain ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY;
    this.deadLetters = new sqs.Queue(this, 'DeadLetters', { enforceSSL: true, retentionPeriod: Duration.days(14) });
    this.uploaded = this.#notices('Uploaded');
    this.transcribed = this.#notices('Transcribed');
    this.uploads = this.#uploads(settings, origin);
    this.results = this.#results(settings, origin);
    this.table = this.#table(settings);
    this.flags = new ssm.StringParameter(this, 'Flags', {
      parameterName: `/lockgate/${settings.stage}/flags`,
      description: 'What this stage allows, as JSON; `lockgate flag` changes it',
      stringValue: '{}',
      tier: ssm.ParameterTier.INTELLIGENT_TIERING,
    });
  }

  #notices(name: string): sqs.Queue {
    return new sqs.Queue(this, name, {
      enforceSSL: true,
      visibilityTimeout: Duration.seconds(6 * limits.recordsSeconds),
      deadLetterQueue: { queue: this.deadLetters, maxReceiveCount: TRIES },
    });
  }

  #uploads(settings: Settings, origin: string): s3.Bucket {
    const bucket = this.#bucket('Uploads', origin, [s3.HttpMethods.PUT], {
      bucketName: bucketName(settings, 'uploads'),
      lifecycleRules: [
        { expiration: Duration.days(limits.inputsKeptDays), abortIncompleteMultipartUploadAfter: UNFINISHED },
      ],
    });
    demandFreeKey(bucket, { notResources: ['inbox/*', 'transcripts/*'].map((keys) => bucket.arnForObjects(keys)) });
    this.#tellOf(bucket);
    return bucket;
  }

  #results(settings: Settings, origin: string): s3.Bucket {
    const bucket = this.#bucket('Results', origin, [s3.HttpMethods.GET, s3.HttpMethods.HEAD], {
      bucketName: bucketName(settings, 'results'),
      versioned: true,
      lifecycleRules: [
        { abortIncompleteMultipartUploadAfter: UNFINISHED, noncurrentVersionExpiration: Duration.days(30) },
      ],
    });
    demandFreeKey(bucket, { resources: [bucket.arnForObjects('*')] });
    return bucket;
  }

  #bucket(name: string, origin: string, methods: s3.HttpMethods[], more: s3.BucketProps): s3.Bucket {
    const bucket = new s3.Bucket(this, name, {
      blockPublicAccess: s3.BlockPublicAccess.BLOCK_ALL,
      encryption: s3.BucketEncryption.S3_MANAGED,
      enforceSSL: true,
      minimumTLSVersion: 1.2,
      objectOwnership: s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
      removalPolicy: this.#keep,
      cors: [{ allowedOrigins: [origin], allowedMethods: methods, allowedHeaders: ['*'], exposedHeaders: ['ETag'], maxAge: 3600 }],
      ...more,
    });
    explain(bucket, 'AwsSolutions-S1', 'Every access is a presigned URL of the API, whose log says who was given it');
    return bucket;
  }

  /** S3's own notification, which takes no custom resource. */
  #tellOf(bucket: s3.Bucket): void {
    this.uploaded.addToResourcePolicy(
      new iam.PolicyStatement({
        principals: [new iam.ServicePrincipal('s3.amazonaws.com')],
        actions: ['sqs:SendMessage'],
        resources: [this.uploaded.queueArn],
        // By the account: the bucket's own ARN would be a circle, since it cannot be made before it may send here.
        conditions: { StringEquals: { 'aws:SourceAccount': bucket.stack.account } },
      }),
    );
    const resource = bucket.node.defaultChild as s3.CfnBucket;
    resource.notificationConfiguration = {
      queueConfigurations: [{ event: 's3:ObjectCreated:*', queue: this.uploaded.queueArn }],
    };
    resource.node.addDependency(this.uploaded.node.findChild('Policy'));
  }

  #table(settings: Settings): dynamodb.TableV2 {
    const text = (name: string): dynamodb.Attribute => ({ name, type: dynamodb.AttributeType.STRING });
    return new dynamodb.TableV2(this, 'Sessions', {
      partitionKey: text('id'),
      billing: dynamodb.Billing.onDemand(),
      encryption: dynamodb.TableEncryptionV2.awsManagedKey(),
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      deletionProtection: settings.retain,
      removalPolicy: this.#keep,
      timeToLiveAttribute: 'expires',
      globalSecondaryIndexes: [
        {
          indexName: 'by-owner',
          partitionKey: text('listed'),
          sortKey: text('created'),
          projectionType: dynamodb.ProjectionType.INCLUDE,
          nonKeyAttributes: ['state', 'problem', 'recipe'],
        },
        {
          indexName: 'by-due',
          partitionKey: text('dueShard'),
          sortKey: { name: 'dueAt', type: dynamodb.AttributeType.NUMBER },
          projectionType: dynamodb.ProjectionType.KEYS_ONLY,
        },
      ],
    });
  }
}

/** What lies there is never overwritten, but for what people and Transcribe put there, who do not ask like that. Parts of a multipart upload make no object; its completion does. */
function demandFreeKey(bucket: s3.Bucket, where: Pick<iam.PolicyStatementProps, 'resources' | 'notResources'>): void {
  bucket.addToResourcePolicy(
    new iam.PolicyStatement({
      sid: 'OnlyAtAFreeKey',
      effect: iam.Effect.DENY,
      principals: [new iam.AnyPrincipal()],
      actions: ['s3:PutObject'],
      ...where,
      conditions: { Null: { 's3:if-none-match': 'true' }, Bool: { 's3:ObjectCreationOperation': 'true' } },
    }),
  );
}
