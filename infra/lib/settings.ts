// What can be said on the command line (`-c name=value`), read once.

import type { Node } from 'constructs';

import { type Mail, readMail } from './mail.ts';

/** The API in containers. */
export interface ServiceSettings {
  /** Of the workers' image, which is the API's too. */
  readonly tag: string;
  /** Under which name it is reached. */
  readonly host: string;
  /** The ARN of the certificate of that name, in the stack's region. */
  readonly certificate: string;
}

/** Pods of a Kubernetes elsewhere, that are workers and the API. */
export interface PodSettings {
  /** Who says which pod somebody is: an EKS cluster's agent (Pod Identity), or the OIDC provider that is a cluster's issuer (IRSA). */
  readonly by: { readonly cluster: string } | { readonly provider: string };
  readonly namespace: string;
  /** The service accounts there: the workers', and the API's. */
  readonly worker: string;
  readonly api: string;
}

export interface Settings {
  /** Which copy of the application: many live in one account. */
  readonly stage: string;
  /** The site whose network the functions run in; none, and they run in Lambda's own. */
  readonly site?: string;
  /** The folder with `bootstrap`, the Lambda artefact. */
  readonly artefact: string;
  /** Who is told of alarms and of the budget. */
  readonly alarms?: string;
  /** US dollars in a month, after which `alarms` is told. */
  readonly budget: number;
  /** The ARN of a web ACL (us-east-1) before the page. */
  readonly waf?: string;
  /** The tag of the workers' image in the site's repository; none, and the site runs no workers. */
  readonly worker?: string;
  /** Whether somebody makes films: the site's workers, or some that run elsewhere. */
  readonly workers: boolean;
  /** So many workers at most. */
  readonly mostWorkers: number;
  /** Who writes letters, and of what; none, and there are none. */
  readonly mail?: Mail;
  /** The API in containers, for large bodies; none, and there is the function alone. */
  readonly service?: ServiceSettings;
  /** Pods that get roles of this stage; none, and there are no roles for any. */
  readonly pods?: PodSettings;
  /** Whether what holds people's files outlives the stack. */
  readonly retain: boolean;
  /** Switches of the site, and so of the whole account: whichever stage is deployed with it says them. */
  readonly guardDuty: boolean;
  readonly securityHub: boolean;
  readonly inspector: boolean;
}

export function readSettings(node: Node): Settings {
  const text = (name: string): string | undefined => {
    const value: unknown = node.tryGetContext(name);
    return value === undefined || value === '' ? undefined : String(value);
  };
  const flag = (name: string, usual: boolean): boolean => {
    const value = text(name) ?? String(usual);
    if (value !== 'true' && value !== 'false') throw new Error(`${name} is true or false, not ${value}`);
    return value === 'true';
  };
  const stage = text('stage') ?? 'dev';
  if (!/^[a-z][a-z0-9-]{0,20}$/.test(stage)) throw new Error(`${stage} is no name for a stage`);
  const budget = Number(text('budget') ?? '20');
  if (!(budget > 0)) throw new Error('a budget is more than nothing');
  const [site, worker] = [text('site'), text('worker')];
  if (worker !== undefined && site === undefined) throw new Error('workers run in the network of a site');
  const service = readService(text('apiService'), text('apiHost'), text('apiCertificate'));
  if (service !== undefined && site === undefined) throw new Error('the API runs in containers in the network of a site');
  const mostWorkers = Number(text('mostWorkers') ?? '4');
  if (!(Number.isInteger(mostWorkers) && mostWorkers > 0)) throw new Error('there is a worker at least, of workers');
  return {
    stage,
    site,
    worker,
    workers: flag('workers', worker !== undefined),
    mostWorkers,
    service,
    pods: readPods(text('pods'), text('podNamespace'), text('podWorker'), text('podApi')),
    artefact: text('artefact') ?? '../target/lambda/lockgate-lambda',
    alarms: text('alarms'),
    budget,
    waf: text('waf'),
    mail: readMail(text('mailFrom'), text('mailEvents')),
    retain: flag('retain', true),
    guardDuty: flag('guardDuty', false),
    securityHub: flag('securityHub', false),
    inspector: flag('inspector', false),
  };
}

export function readService(tag?: string, host?: string, certificate?: string): ServiceSettings | undefined {
  if (tag === undefined) {
    if (host !== undefined || certificate !== undefined) throw new Error('the API in containers takes an image: apiService');
    return undefined;
  }
  if (host === undefined || !/^[a-z0-9-]+(\.[a-z0-9-]+)+$/.test(host)) throw new Error('the API in containers takes a name to be reached by: apiHost');
  if (!certificate?.startsWith('arn:')) throw new Error(`the API in containers takes the ARN of a certificate of ${host}: apiCertificate`);
  return { tag, host, certificate };
}

/** Unless it is said otherwise, the pods are those of `deploy/k8s`. */
export function readPods(by?: string, namespace = 'lockgate', worker = 'worker', api = 'api'): PodSettings | undefined {
  if (by === undefined) return undefined;
  for (const name of [namespace, worker, api]) {
    if (!/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/.test(name)) throw new Error(`${name} is no name on Kubernetes`);
  }
  if (worker === api) throw new Error(`a worker may do what a worker may, and the API what the API may: not both as ${worker}`);
  const names = { namespace, worker, api };
  if (/^arn:[a-z-]+:iam::\d{12}:oidc-provider\/[A-Za-z0-9._/-]+$/.test(by)) return { by: { provider: by }, ...names };
  if (/^[A-Za-z0-9][A-Za-z0-9_-]{0,99}$/.test(by)) return { by: { cluster: by }, ...names };
  throw new Error(`${by} is neither the name of an EKS cluster nor the ARN of an OIDC provider: pods`);
}
