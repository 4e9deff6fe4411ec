// The API in containers, behind a balancer: for pictures as a body, of which a function is handed small ones only. It
// costs while idle, so that there is none unless it is asked for; then it serves all of the API under a name of its own, and
// the page's distribution sends it the pictures.

import { Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import * as acm from 'aws-cdk-lib/aws-certificatemanager';
import type * as cognito from 'aws-cdk-lib/aws-cognito';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as elb from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as logs from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';

import limits from '../../states/limits.json' with { type: 'json' };
import { apiRole } from './containers.ts';
import { type FunctionsProps, environment } from './functions.ts';
import { explain, explainAll } from './nag.ts';
import type { ServiceSettings } from './settings.ts';
import { type Network, cpuUnits } from './site.ts';

/** Where it serves, and where it says that it is well: that asks for no name. */
const PORT = 8080;
const HEALTH = 9000;

/** So many at most. */
const MOST = 4;

export interface ServiceProps extends FunctionsProps {
  readonly network: Network;
  readonly service: ServiceSettings;
  /** Whose tokens are believed. */
  readonly client: cognito.UserPoolClient;
}

export class Service extends Construct {
  /** What its name must lead to. */
  readonly balancer: string;
  /** What the balancer knows of the containers. */
  readonly targets: elb.ApplicationTargetGroup;

  constructor(scope: Construct, id: string, props: ServiceProps) {
    super(scope, id);
    const { network, service, settings } = props;
    const [outer, inner] = this.#groups(network.vpc);
    const balancer = new elb.ApplicationLoadBalancer(this, 'Balancer', {
      vpc: network.vpc,
      vpcSubnets: { subnetType: ec2.SubnetType.PUBLIC },
      internetFacing: true,
      securityGroup: outer,
      dropInvalidHeaderFields: true,
      deletionProtection: settings.retain,
    });
    explain(balancer, 'AwsSolutions-ELB2', 'The API writes a line for each request, with its id');
    const cluster = new ecs.Cluster(this, 'Cluster', { vpc: network.vpc });
    explain(cluster, 'AwsSolutions-ECS4', 'Its meters are our own; those of the containers cost by the container');
    const made = new ecs.FargateService(this, 'Service', {
      cluster,
      taskDefinition: this.#task(props),
      desiredCount: 1,
      // As the workers: without a gateway to the outside. Only the balancer reaches it.
      assignPublicIp: true,
      vpcSubnets: { subnetType: ec2.SubnetType.PUBLIC },
      securityGroups: [inner],
      minHealthyPercent: 100,
      maxHealthyPercent: 200,
      circuitBreaker: { enable: true, rollback: true },
      healthCheckGracePeriod: Duration.seconds(60),
      enableExecuteCommand: false,
    });
    made.autoScaleTaskCount({ minCapacity: 1, maxCapacity: MOST }).scaleOnCpuUtilization('Cpu', { targetUtilizationPercent: 60 });
    this.targets = balancer
      .addListener('Tls', {
        port: 443,
        open: false, // by its group
        certificates: [acm.Certificate.fromCertificateArn(this, 'Certificate', service.certificate)],
        sslPolicy: elb.SslPolicy.RECOMMENDED_TLS,
      })
      .addTargets('Api', {
        protocol: elb.ApplicationProtocol.HTTP,
        port: PORT,
        targets: [made],
        healthCheck: { path: '/healthz', port: String(HEALTH), interval: Duration.seconds(10), healthyThresholdCount: 2 },
        // What is under way may be a large picture over a slow line.
        deregistrationDelay: Duration.minutes(2),
      });
    this.balancer = balancer.loadBalancerDnsName;
  }

  /** The balancer's group, which everybody reaches, and that of the containers, which it alone does. */
  #groups(vpc: ec2.IVpc): [ec2.SecurityGroup, ec2.SecurityGroup] {
    const outer = new ec2.SecurityGroup(this, 'Outer', { vpc, description: 'Lockgate API: TLS from everywhere', allowAllOutbound: false });
    outer.addIngressRule(ec2.Peer.anyIpv4(), ec2.Port.tcp(443), 'TLS from everywhere');
    explain(outer, 'AwsSolutions-EC23', 'It is where people come in, by TLS');
    const inner = new ec2.SecurityGroup(this, 'Inner', { vpc, description: 'Lockgate API: its balancer, and out by TLS', allowAllOutbound: false });
    for (const port of [PORT, HEALTH]) {
      inner.addIngressRule(outer, ec2.Port.tcp(port), 'from the balancer');
      outer.addEgressRule(inner, ec2.Port.tcp(port), 'to the API');
    }
    inner.addEgressRule(ec2.Peer.anyIpv4(), ec2.Port.tcp(443), 'TLS to the services');
    return [outer, inner];
  }

  #task(props: ServiceProps): ecs.FargateTaskDefinition {
    const { settings, network, service, store, people, client } = props;
    const group = new logs.LogGroup(this, 'Log', {
      retention: logs.RetentionDays.ONE_MONTH,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    const taskRole = apiRole(this, 'Role', new iam.ServicePrincipal('ecs-tasks.amazonaws.com'), props);
    const task = new ecs.FargateTaskDefinition(this, 'Task', {
      cpu: cpuUnits(limits.containerMilliProcessors),
      memoryLimitMiB: limits.containerMemoryMiB,
      taskRole,
      runtimePlatform: { cpuArchitecture: ecs.CpuArchitecture.X86_64 },
    });
    const told = environment(this, props);
    task.addContainer('api', {
      image: ecs.ContainerImage.fromEcrRepository(network.images, service.tag),
      command: ['api'],
      environment: {
        ...told,
        AWS_REGION: Stack.of(this).region,
        LOCKGATE_HOSTS: [told['LOCKGATE_HOSTS'], service.host].join(','),
        ...people.told(client),
        LOCKGATE_API_LISTEN: `0.0.0.0:${PORT}`,
        LOCKGATE_LISTEN: `0.0.0.0:${HEALTH}`,
        LOCKGATE_TRUSTED_PROXIES: network.vpc.vpcCidrBlock,
      },
      portMappings: [{ containerPort: PORT }, { containerPort: HEALTH }],
      logging: ecs.LogDrivers.awsLogs({ logGroup: group, streamPrefix: 'api' }),
      stopTimeout: Duration.seconds(2 * limits.drainSeconds),
      readonlyRootFilesystem: true,
      healthCheck: {
        command: ['CMD', 'lockgate-worker', 'check', `http://127.0.0.1:${HEALTH}/healthz`],
        interval: Duration.seconds(30),
        startPeriod: Duration.seconds(30),
      },
    });
    explainAll(task.obtainExecutionRole() as iam.Role, settings, store);
    explain(task, 'AwsSolutions-ECS2', 'Names of what the stack has made are no secrets');
    return task;
  }
}
