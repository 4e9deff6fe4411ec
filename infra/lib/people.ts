// Who may use a stage: a pool of people, by e-mail. Nobody signs up by themselves.

import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import * as cognito from 'aws-cdk-lib/aws-cognito';
import { Construct } from 'constructs';

import { explain } from './nag.ts';
import type { Settings } from './settings.ts';

const GROUPS = ['admin', 'editor', 'viewer'];

export class People extends Construct {
  readonly pool: cognito.UserPool;
  readonly client: cognito.UserPoolClient;

  constructor(scope: Construct, id: string, settings: Settings) {
    super(scope, id);
    this.pool = new cognito.UserPool(this, 'Pool', {
      selfSignUpEnabled: false,
      signInAliases: { email: true },
      signInCaseSensitive: false,
      accountRecovery: cognito.AccountRecovery.EMAIL_ONLY,
      mfa: cognito.Mfa.OPTIONAL,
      mfaSecondFactor: { otp: true, sms: false },
      passwordPolicy: { minLength: 12, requireDigits: true, requireLowercase: true, requireUppercase: true, requireSymbols: true },
      deletionProtection: settings.retain,
      removalPolicy: settings.retain ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
    });
    for (const group of GROUPS) this.pool.addGroup(group, { groupName: group });
    this.client = this.pool.addClient('Client', {
      authFlows: { userSrp: true, userPassword: true },
      accessTokenValidity: Duration.hours(1),
      idTokenValidity: Duration.hours(1),
      refreshTokenValidity: Duration.days(30),
      preventUserExistenceErrors: true,
      enableTokenRevocation: true,
      generateSecret: false, // a page keeps none
    });
    explain(this.pool, 'AwsSolutions-COG2', 'A second factor is offered and not forced: whoever runs a stage decides');
    explain(this.pool, 'AwsSolutions-COG3', 'Threat protection costs by the user');
    explain(this.pool, 'AwsSolutions-COG8', 'The plan with threat protection costs by the user');
  }
}
