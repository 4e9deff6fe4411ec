// The workers: containers that ask for the tasks that take a film's time and ffmpeg. There are as many as there is work
// for them, and none without; who is at work is not ended for that.

import { Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import * as scaling from 'aws-cdk-lib/aws-applicationautoscaling';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as logs from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';

import limits from '../../states/limits.json' with { type: 'json' };
import { meter } from './alarms.ts';
import { type WorkerProps, workerRole } from './containers.ts';
import { environment } from './functions.ts';
import { explain, explainAll } from './nag.ts';
import { type Network, cpuUnits } from './site.ts';

/** Where it says that it lives, to whoever runs it: nobody else reaches it. */
const PORT = 9000;

export interface WorkersProps extends WorkerProps {
  readonly network: Network;
  readonly tag: string;
}

export class Workers extends Construct {
  constructor(scope: Construct, id: string, props: WorkersProps) {
    super(scope, id);
    const { network } = props;
    const cluster = new ecs.Cluster(this, 'Cluster', { vpc: network.vpc });
    explain(cluster, 'AwsSolutions-ECS4', 'Its meters are our own; those of the containers cost by the container');
    const service = new ecs.FargateService(this, 'Service', {
      cluster,
      taskDefinition: this.#task(props),
      desiredCount: 0,
      // Without a gateway to the outside, which would cost while idle. Nothing reaches it: its group lets nothing in.
      assignPublicIp: true,
      vpcSubnets: { subnetType: ec2.SubnetType.PUBLIC },
      securityGroups: [network.functions],
      minHealthyPercent: 0,
      maxHealthyPercent: 200,
      circuitBreaker: { enable: true, rollback: true },
      enableExecuteCommand: false,
    });
    this.#scale(service, props);
  }

  #task(props: WorkersProps): ecs.FargateTaskDefinition {
    const { settings, network, store, tag } = props;
    const group = new logs.LogGroup(this, 'Log', {
      retention: logs.RetentionDays.ONE_MONTH,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    const taskRole = workerRole(this, 'Role', new iam.ServicePrincipal('ecs-tasks.amazonaws.com'), props);
    taskRole.addToPolicy(this.#protection());
    const task = new ecs.FargateTaskDefinition(this, 'Task', {
      cpu: cpuUnits(limits.workerMilliProcessors),
      memoryLimitMiB: limits.workerMemoryMiB,
      ephemeralStorageGiB: limits.workerScratchGiB, // a film and what becomes of it
      taskRole,
      runtimePlatform: { cpuArchitecture: ecs.CpuArchitecture.X86_64 },
    });
    const container = task.addContainer('worker', {
      image: ecs.ContainerImage.fromEcrRepository(network.images, tag),
      environment: { ...environment(this, props), LOCKGATE_LISTEN: `127.0.0.1:${PORT}`, LOCKGATE_SCRATCH: '/scratch', AWS_REGION: Stack.of(this).region },
      logging: ecs.LogDrivers.awsLogs({ logGroup: group, streamPrefix: 'worker' }),
      // A task at work is given back first.
      stopTimeout: Duration.minutes(2),
      readonlyRootFilesystem: true,
      healthCheck: {
        command: ['CMD', 'lockgate-worker', 'check', `http://127.0.0.1:${PORT}/healthz`],
        interval: Duration.seconds(30),
        startPeriod: Duration.seconds(30),
      },
    });
    task.addVolume({ name: 'scratch' });
    container.addMountPoints({ sourceVolume: 'scratch', containerPath: '/scratch', readOnly: false });
    explainAll(task.obtainExecutionRole() as iam.Role, settings, store);
    explain(taskRole, PROTECTED, "A task's own name is made when it is started");
    explain(task, 'AwsSolutions-ECS2', 'Names of what the stack has made are no secrets');
    return task;
  }

  /** A worker says of itself that it is at work. */
  #protection(): iam.PolicyStatement {
    const task = Stack.of(this).formatArn({ service: 'ecs', resource: 'task', resourceName: '*' });
    return new iam.PolicyStatement({ actions: ['ecs:UpdateTaskProtection', 'ecs:GetTaskProtection'], resources: [task] });
  }

  /** By the sessions that are at a step for workers, as the sweep has counted them. */
  #scale(service: ecs.FargateService, { settings }: WorkersProps): void {
    const most = settings.mostWorkers;
    const tasks = service.autoScaleTaskCount({ minCapacity: 0, maxCapacity: most });
    tasks.scaleOnMetric('Backlog', {
      metric: meter(settings, 'lockgate_worker_backlog', 'Maximum'),
      adjustmentType: scaling.AdjustmentType.EXACT_CAPACITY,
      scalingSteps: [
        { upper: 0, change: 0 },
        { lower: 1, change: 1 },
        { lower: 3, change: Math.min(2, most) },
        { lower: 6, change: most },
      ],
      cooldown: Duration.minutes(2),
    });
  }
}

const PROTECTED = 'AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:ecs:<AWS::Region>:<AWS::AccountId>:task/*]';
