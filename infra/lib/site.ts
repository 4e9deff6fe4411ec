// A site: the network that many copies of the application share, and what watches over the account. Optional: without one
// the functions run in Lambda's own network, and nothing costs while idle. With one, the endpoints of services do.

import { CfnOutput, RemovalPolicy, Stack, type StackProps } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import * as guardduty from 'aws-cdk-lib/aws-guardduty';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as logs from 'aws-cdk-lib/aws-logs';
import * as scheduler from 'aws-cdk-lib/aws-scheduler';
import * as securityhub from 'aws-cdk-lib/aws-securityhub';
import type { Construct } from 'constructs';

import { ANY_RESOURCE, explain } from './nag.ts';
import type { Settings } from './settings.ts';

/** Fargate's units of so many thousandths of a processor. */
export const cpuUnits = (milliProcessors: number): number => (milliProcessors / 1000) * 1024;

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

const ADDRESSES = '10.0.0.0/16';

export class SiteStack extends Stack {
  readonly network: Network;

  constructor(scope: Construct, id: string, { settings, ...props }: SiteProps) {
    super(scope, id, props);
    const vpc = new ec2.Vpc(this, 'Network', {
      ipAddresses: ec2.IpAddresses.cidr(ADDRESSES),
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
    this.#offer(this.network);
    new CfnOutput(this, 'WorkerImages', { value: images.repositoryUri });
    this.#watchOver(settings);
  }

  /**
   * Exports all of it, whatever the stage asks for that is deployed with it: another stage may use what this one does not,
   * and an export that is in use cannot be taken back.
   */
  #offer({ vpc, functions, images }: Network): void {
    const subnets = [...vpc.publicSubnets, ...vpc.isolatedSubnets].map((subnet) => subnet.subnetId);
    const offered = [vpc.vpcId, vpc.vpcCidrBlock, ...subnets, functions.securityGroupId, images.repositoryArn, images.repositoryName];
    for (const value of offered) this.exportValue(value);
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
      description: 'The endpoints of services: TLS from the site',
      allowAllOutbound: false,
    });
    // Their names lead there for all that is in the site: functions, workers, and the API's containers with a group of their own.
    endpoint.addIngressRule(ec2.Peer.ipv4(ADDRESSES), ec2.Port.tcp(443), 'TLS from the site');
    const { STEP_FUNCTIONS, SSM, TRANSCRIBE } = ec2.InterfaceVpcEndpointAwsService;
    for (const [name, service] of Object.entries({ StepFunctions: STEP_FUNCTIONS, Parameters: SSM, Transcribe: TRANSCRIBE })) {
      vpc.addInterfaceEndpoint(name, { service, securityGroups: [endpoint], open: false });
    }
    return functions;
  }

  #watchOver(settings: Settings): void {
    if (settings.guardDuty) new guardduty.CfnDetector(this, 'GuardDuty', { enable: true });
    if (settings.securityHub) new securityhub.CfnHub(this, 'SecurityHub');
    if (settings.inspector) this.#inspect();
  }

  /** CloudFormation has nothing that enables Inspector, so that a schedule asks for it, which once it is enabled does nothing. */
  #inspect(): void {
    const role = new iam.Role(this, 'InspectorRole', { assumedBy: new iam.ServicePrincipal('scheduler.amazonaws.com') });
    role.addToPolicy(new iam.PolicyStatement({ actions: ['inspector2:Enable'], resources: ['*'] }));
    role.addToPolicy(
      new iam.PolicyStatement({
        actions: ['iam:CreateServiceLinkedRole'],
        resources: ['*'],
        conditions: { StringEquals: { 'iam:AWSServiceName': INSPECTORS } },
      }),
    );
    explain(role, ANY_RESOURCE, "An account's Inspector is no resource, and the role that it makes itself has a name of its own");
    new scheduler.CfnSchedule(this, 'Inspector', {
      scheduleExpression: 'rate(1 day)', // the first time when it is made
      flexibleTimeWindow: { mode: 'OFF' },
      target: {
        arn: 'arn:aws:scheduler:::aws-sdk:inspector2:enable',
        roleArn: role.roleArn,
        input: JSON.stringify({ ResourceTypes: ['ECR', 'LAMBDA'] }),
      },
    }).node.addDependency(role);
  }
}

/** Who has Inspector's own roles. */
const INSPECTORS = ['inspector2.amazonaws.com', 'agentless.inspector2.amazonaws.com'];
