// The HTTP API before the `api` function: who asks is verified here, and how often.

import { Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { AccessLogFormat } from 'aws-cdk-lib/aws-apigateway';
import * as apigateway from 'aws-cdk-lib/aws-apigatewayv2';
import { HttpJwtAuthorizer } from 'aws-cdk-lib/aws-apigatewayv2-authorizers';
import { HttpLambdaIntegration } from 'aws-cdk-lib/aws-apigatewayv2-integrations';
import type * as lambda from 'aws-cdk-lib/aws-lambda';
import * as logs from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';

import { explain } from './nag.ts';
import type { People } from './people.ts';
import type { Settings } from './settings.ts';

/** What is for everybody. */
const OPEN = ['/healthz', '/openapi.json', '/api/recipes'];

export interface ApiProps {
  readonly settings: Settings;
  readonly people: People;
}

export class Api extends Construct {
  readonly http: apigateway.HttpApi;
  readonly #people: People;

  constructor(scope: Construct, id: string, { settings, people }: ApiProps) {
    super(scope, id);
    this.#people = people;
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

  /** Puts the function behind every route. */
  serve(handler: lambda.IFunction): void {
    const integration = new HttpLambdaIntegration('Function', handler, { timeout: Duration.seconds(29) });
    const issuer = `https://cognito-idp.${Stack.of(this).region}.amazonaws.com/${this.#people.pool.userPoolId}`;
    const authorizer = new HttpJwtAuthorizer('People', issuer, { jwtAudience: [this.#people.client.userPoolClientId] });
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
