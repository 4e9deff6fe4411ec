// Who may use a stage: a pool of people, by e-mail, and where they sign in. Nobody signs up by themselves.

import { Aws, Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import * as cognito from 'aws-cdk-lib/aws-cognito';
import { Construct } from 'constructs';

import { explain } from './nag.ts';
import type { Settings } from './settings.ts';

const GROUPS = ['admin', 'editor', 'viewer'];

export class People extends Construct {
  readonly pool: cognito.UserPool;
  /** As its tokens name it. */
  readonly issuer: string;
  /** Where people sign in. */
  readonly signIn: string;

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
    // Nobody else in the region may have the name.
    const cognitoDomain = { domainPrefix: `lockgate-${settings.stage}-${Aws.ACCOUNT_ID}` };
    this.signIn = this.pool.addDomain('SignIn', { cognitoDomain }).baseUrl();
    this.issuer = `https://cognito-idp.${Stack.of(this).region}.amazonaws.com/${this.pool.userPoolId}`;
    explain(this.pool, 'AwsSolutions-COG2', 'A second factor is offered and not forced: whoever runs a stage decides');
    explain(this.pool, 'AwsSolutions-COG3', 'Threat protection costs by the user');
    explain(this.pool, 'AwsSolutions-COG8', 'The plan with threat protection costs by the user');
  }

  /** The client that the page at `url` is, and whatever programs sign in by themselves. */
  admit(url: string): cognito.UserPoolClient {
    return this.pool.addClient('Client', {
      authFlows: { userSrp: true, userPassword: true },
      oAuth: {
        flows: { authorizationCodeGrant: true }, // with PKCE, which the page sees to
        scopes: [cognito.OAuthScope.OPENID, cognito.OAuthScope.EMAIL],
        callbackUrls: [`${url}/signed-in`],
        logoutUrls: [`${url}/sign-in`],
      },
      accessTokenValidity: Duration.hours(1),
      idTokenValidity: Duration.hours(1),
      refreshTokenValidity: Duration.days(30),
      preventUserExistenceErrors: true,
      enableTokenRevocation: true,
      generateSecret: false, // a page keeps none
    });
  }

  /** What the API is told of it, which tells the page. */
  told(client: cognito.UserPoolClient): Record<string, string> {
    return { LOCKGATE_ISSUER: this.issuer, LOCKGATE_CLIENT: client.userPoolClientId, LOCKGATE_SIGN_IN: this.signIn };
  }
}
