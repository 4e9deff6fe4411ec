// The HTTP API before the `api` function: who asks is verified here, and how often.

import { Duration, RemovalPolicy, type Stack } from 'aws-cdk-lib';
import { AccessLogFormat } from 'aws-cdk-lib/aws-apigateway';
import * as apigateway from 'aws-cdk-lib/aws-apigatewayv2';
import { HttpJwtAuthorizer } from 'aws-cdk-lib/aws-apigatewayv2-authorizers';
import { HttpLambdaIntegration } from 'aws-cdk-lib/aws-apigatewayv2-integrations';
import type * as cognito from 'aws-cdk-lib/aws-cognito';
import type * as lambda from 'aws-cdk-lib/aws-lambda';
import * as logs from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';

import limits from '../../states/limits.json' with { type: 'json' };
import { explain } from './nag.ts';
import type { People } from './people.ts';
import { OPEN } from './routes.ts';
import type { Settings } from './settings.ts';

export interface ApiProps {
  readonly settings: Settings;
}

export class Api extends Construct {
  readonly http: apigateway.HttpApi;

  constructor(scope: Construct, id: string, { settings }: ApiProps) {
    super(scope, id);
    this.http = new apigateway.HttpApi(this, 'Http', {
      apiName: `lockgate-${settings.stage}`,
      createDefaultStage: false,
    });
    const group = new logs.LogGroup(this, 'Access', {
      retention: logs.RetentionDays.ONE_MONTH,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    new apigateway.HttpStage(this, 'Stage', {
      httpApi: this.http,
      stageName: '$default',
      autoDeploy: true,
      throttle: { rateLimit: 50, burstLimit: 100 },
      accessLogSettings: {
        destination: new apigateway.LogGroupLogDestination(group),
        // Never the query: it is where signatures stand.
        format: AccessLogFormat.custom(JSON.stringify(ACCESS)),
      },
    });
  }

  /** Puts the function behind every route, for those whom `people` has let in as `client`. */
  serve(handler: lambda.IFunction, people: People, client: cognito.UserPoolClient): void {
    const integration = new HttpLambdaIntegration('Function', handler, { timeout: Duration.seconds(limits.apiSeconds) });
    const authorizer = new HttpJwtAuthorizer('People', people.issuer, { jwtAudience: [client.userPoolClientId] });
    this.http.addRoutes({ path: '/{proxy+}', methods: METHODS, integration, authorizer });
    for (const path of OPEN) {
      const routes = this.http.addRoutes({ path, methods: [apigateway.HttpMethod.GET], integration });
      for (const route of routes) explain(route, 'AwsSolutions-APIG4', 'What stands there is for everybody');
    }
  }

  get url(): string {
    return this.http.apiEndpoint;
  }

  /** What requests to the API itself say in `Host`. */
  host(stack: Stack): string {
    return `${this.http.apiId}.execute-api.${stack.region}.${stack.urlSuffix}`;
  }
}

/** Not OPTIONS: a page of ours asks at its own origin. */
const METHODS = [
  apigateway.HttpMethod.GET,
  apigateway.HttpMethod.HEAD,
  apigateway.HttpMethod.POST,
  apigateway.HttpMethod.PUT,
  apigateway.HttpMethod.DELETE,
];

const ACCESS = {
  requestId: '$context.requestId',
  at: '$context.requestTime',
  address: '$context.identity.sourceIp',
  who: '$context.authorizer.claims.sub',
  method: '$context.httpMethod',
  path: '$context.path',
  status: '$context.status',
  bytes: '$context.responseLength',
  millis: '$context.responseLatency',
};
