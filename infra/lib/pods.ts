// The roles of workers and of the API where they are pods of a Kubernetes elsewhere (`deploy/k8s`). Each is for the pods of one
// service account in one namespace of one cluster, and for nobody else.

import { Stack } from 'aws-cdk-lib';
import * as eks from 'aws-cdk-lib/aws-eks';
import * as iam from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';

import { type WorkerProps, apiRole, workerRole } from './containers.ts';
import type { PodSettings } from './settings.ts';

export interface PodsProps extends WorkerProps {
  readonly pods: PodSettings;
}

export class Pods extends Construct {
  /** Their ARNs, by the name under which the stack says them. */
  readonly roles: Readonly<Record<string, string>>;

  constructor(scope: Construct, id: string, props: PodsProps) {
    super(scope, id);
    const { pods } = props;
    const worker = workerRole(this, 'Worker', this.#only(pods, pods.worker), props);
    const api = apiRole(this, 'Api', this.#only(pods, pods.api), props);
    this.#associate('WorkerPods', pods, pods.worker, worker);
    this.#associate('ApiPods', pods, pods.api, api);
    this.roles = { WorkerRole: worker.roleArn, ApiRole: api.roleArn };
  }

  /** The pods of this account, as whoever vouches for them says it. */
  #only({ by, namespace }: PodSettings, account: string): iam.IPrincipal {
    if ('provider' in by) {
      const issuer = by.provider.slice(by.provider.indexOf('/') + 1);
      return new iam.WebIdentityPrincipal(by.provider, {
        StringEquals: { [`${issuer}:aud`]: 'sts.amazonaws.com', [`${issuer}:sub`]: `system:serviceaccount:${namespace}:${account}` },
      });
    }
    // The agent's service is one for all clusters and their pods; whose pod asks, it says in tags.
    return new iam.ServicePrincipal('pods.eks.amazonaws.com', {
      conditions: {
        StringEquals: {
          'aws:RequestTag/eks-cluster-arn': Stack.of(this).formatArn({ service: 'eks', resource: 'cluster', resourceName: by.cluster }),
          'aws:RequestTag/kubernetes-namespace': namespace,
          'aws:RequestTag/kubernetes-service-account': account,
        },
      },
    }).withSessionTags();
  }

  /** An agent must be told which role a service account has; an issuer's pods say it themselves, by an annotation. */
  #associate(id: string, { by, namespace }: PodSettings, serviceAccount: string, role: iam.Role): void {
    if ('provider' in by) return;
    new eks.CfnPodIdentityAssociation(this, id, { clusterName: by.cluster, namespace, serviceAccount, roleArn: role.roleArn });
  }
}
