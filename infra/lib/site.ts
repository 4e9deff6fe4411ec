// A site: the network that many copies of the application share, and what watches over the account. Optional: without one
// the functions run in Lambda's own network, and nothing costs while idle. With one, the endpoints of services do.

import { CfnOutput, RemovalPolicy, Stack, type StackProps } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import * as guardduty from 'aws-cdk-lib/aws-guardduty';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as inspector from 'aws-cdk-lib/aws-inspectorv2';
import * as logs from 'aws-cdk-lib/aws-logs';
import * as securityhub from 'aws-cdk-lib/aws-securityhub';
import type { Construct } from 'constructs';

import type { Settings } from './settings.ts';

/** Where functions and workers of an application run. */
export interface Network {
  readonly vpc: ec2.IVpc;
  readonly functions: ec2.ISecurityGroup;
  /** The workers' images. */
  readonly images: ecr.IRepository;
}

export interface SiteProps extends StackProps {
  readonly settings: Settings;
}

export class SiteStack extends Stack {
  readonly network: Network;

  constructor(scope: Construct, id: string, { settings, ...props }: SiteProps) {
    super(scope, id, props);
    const vpc = new ec2.Vpc(this, 'Network', {
      maxAzs: 2,
      natGateways: 0,
      restrictDefaultSecurityGroup: false, // it would take a custom resource; nothing of ours is in that group
      subnetConfiguration: [
        { name: 'public', subnetType: ec2.SubnetType.PUBLIC, cidrMask: 24, mapPublicIpOnLaunch: false },
        { name: 'private', subnetType: ec2.SubnetType.PRIVATE_ISOLATED, cidrMask: 20 },
      ],
      gatewayEndpoints: {
        S3: { service: ec2.GatewayVpcEndpointAwsService.S3 },
        DynamoDB: { service: ec2.GatewayVpcEndpointAwsService.DYNAMODB },
      },
    });
    this.#logFlows(vpc);
    const images = this.#images(settings);
    this.network = { vpc, functions: this.#functionsGroup(vpc), images };
    new CfnOutput(this, 'WorkerImages', { value: images.repositoryUri });
    this.#watchOver(settings);
  }

  #logFlows(vpc: ec2.Vpc): void {
    const group = new logs.LogGroup(this, 'Flows', {
      retention: logs.RetentionDays.ONE_MONTH,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    const role = new iam.Role(this, 'FlowsRole', { assumedBy: new iam.ServicePrincipal('vpc-flow-logs.amazonaws.com') });
    vpc.addFlowLog('All', { destination: ec2.FlowLogDestination.toCloudWatchLogs(group, role) });
  }

  /** A tag is never moved: what runs under it is what was tried under it. */
  #images({ site }: Settings): ecr.Repository {
    return new ecr.Repository(this, 'Images', {
      repositoryName: `lockgate-worker-${site}`,
      imageTagMutability: ecr.TagMutability.IMMUTABLE,
      imageScanOnPush: true,
      emptyOnDelete: false,
      removalPolicy: RemovalPolicy.RETAIN,
      lifecycleRules: [{ maxImageCount: 20 }],
    });
  }

  /** Functions speak out by TLS, and nobody speaks to them. */
  #functionsGroup(vpc: ec2.Vpc): ec2.SecurityGroup {
    const functions = new ec2.SecurityGroup(this, 'Functions', {
      vpc,
      description: 'Lockgate functions: out by TLS, nothing in',
      allowAllOutbound: false,
    });
    functions.addEgressRule(ec2.Peer.anyIpv4(), ec2.Port.tcp(443), 'TLS to the endpoints');
    const endpoint = new ec2.SecurityGroup(this, 'Endpoint', {
      vpc,
      description: 'The endpoints of services: TLS from functions',
      allowAllOutbound: false,
    });
    endpoint.addIngressRule(functions, ec2.Port.tcp(443), 'TLS from functions');
    const { STEP_FUNCTIONS, SSM, TRANSCRIBE } = ec2.InterfaceVpcEndpointAwsService;
    for (const [name, service] of Object.entries({ StepFunctions: STEP_FUNCTIONS, Parameters: SSM, Transcribe: TRANSCRIBE })) {
      vpc.addInterfaceEndpoint(name, { service, securityGroups: [endpoint], open: false });
    }
    return functions;
  }

  #watchOver(settings: Settings): void {
    if (settings.guardDuty) new guardduty.CfnDetector(this, 'GuardDuty', { enable: true });
    if (settings.securityHub) new securityhub.CfnHub(this, 'SecurityHub');
    if (settings.inspector) {
      const name = `lockgate-${settings.site}`;
      new inspector.CfnFilter(this, 'Inspector', {
        name,
        filterAction: 'NONE',
        filterCriteria: { resourceType: [{ comparison: 'EQUALS', value: 'AWS_LAMBDA_FUNCTION' }] },
      });
    }
  }
}
