// What can be said on the command line (`-c name=value`), read once.

import type { Node } from 'constructs';

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
  /** Whether what holds people's files outlives the stack. */
  readonly retain: boolean;
  /** Switches of the site. */
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
  return {
    stage,
    site: text('site'),
    artefact: text('artefact') ?? '../target/lambda/lockgate-lambda',
    alarms: text('alarms'),
    budget,
    waf: text('waf'),
    retain: flag('retain', true),
    guardDuty: flag('guardDuty', false),
    securityHub: flag('securityHub', false),
    inspector: flag('inspector', false),
  };
}
