// Where people come in: the page from its bucket, and behind the same name the API, so that the browser takes both for
// one origin. What lies in the bucket, `bin/page.ts` brings there.

import { readFileSync } from 'node:fs';

import { Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import * as cloudfront from 'aws-cdk-lib/aws-cloudfront';
import * as origins from 'aws-cdk-lib/aws-cloudfront-origins';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';

import type { Api } from './api.ts';
import { explain } from './nag.ts';
import type { People } from './people.ts';
import { OF_THE_API } from './routes.ts';
import type { Settings } from './settings.ts';
import { HELD, bucketName } from './store.ts';

/** What the server says of its own answers: for how long, and a directive a line. */
const STRICT_TRANSPORT = new URL('../../service/src/serve/strict-transport-security.txt', import.meta.url);
const POLICY = new URL('../../service/src/api/content-security-policy.txt', import.meta.url);

/** The page finds its places by itself: an address without a dot is one of them. What the API answers is left alone. */
export const PLACES = `function handler(event) {
  var request = event.request;
  if (!/\\.[^/]*$/.test(request.uri)) request.uri = '/index.html';
  return request;
}
`;

/** Where a picture is sent as the body. */
const PICTURES = '/images';

/** It answers once it has the whole of a body. */
function inContainers(host: string): origins.HttpOrigin {
  return new origins.HttpOrigin(host, { protocolPolicy: cloudfront.OriginProtocolPolicy.HTTPS_ONLY, readTimeout: Duration.seconds(60) });
}

export interface PageProps {
  readonly settings: Settings;
  readonly api: Api;
  readonly people: People;
}

export class Page extends Construct {
  readonly bucket: s3.Bucket;
  readonly distribution: cloudfront.Distribution;
  readonly url: string;

  constructor(scope: Construct, id: string, { settings, api, people }: PageProps) {
    super(scope, id);
    this.bucket = new s3.Bucket(this, 'Files', {
      blockPublicAccess: s3.BlockPublicAccess.BLOCK_ALL,
      encryption: s3.BucketEncryption.S3_MANAGED,
      enforceSSL: true,
      minimumTLSVersion: 1.2,
      removalPolicy: RemovalPolicy.DESTROY, // it is built again from the repository
    });
    const behind: cloudfront.BehaviorOptions = {
      origin: new origins.HttpOrigin(api.host(Stack.of(this))),
      allowedMethods: cloudfront.AllowedMethods.ALLOW_ALL,
      cachePolicy: cloudfront.CachePolicy.CACHING_DISABLED,
      originRequestPolicy: cloudfront.OriginRequestPolicy.ALL_VIEWER_EXCEPT_HOST_HEADER,
      viewerProtocolPolicy: cloudfront.ViewerProtocolPolicy.HTTPS_ONLY,
    };
    const pictures = settings.service === undefined ? behind : { ...behind, origin: inContainers(settings.service.host) };
    this.distribution = new cloudfront.Distribution(this, 'Distribution', {
      comment: `Lockgate ${settings.stage}`,
      webAclId: settings.waf,
      defaultBehavior: {
        origin: origins.S3BucketOrigin.withOriginAccessControl(this.bucket),
        viewerProtocolPolicy: cloudfront.ViewerProtocolPolicy.REDIRECT_TO_HTTPS,
        responseHeadersPolicy: this.#headers(settings, people),
        functionAssociations: [{ function: this.#places(), eventType: cloudfront.FunctionEventType.VIEWER_REQUEST }],
      },
      additionalBehaviors: Object.fromEntries(OF_THE_API.map((path) => [path, path === PICTURES ? pictures : behind])),
    });
    this.url = `https://${this.distribution.distributionDomainName}`;
    explain(this.bucket, 'AwsSolutions-S1', 'Only the distribution reads it');
    explain(this.distribution, 'AwsSolutions-CFR1', 'Whom a stage is open to, its people decide');
    explain(this.distribution, 'AwsSolutions-CFR2', 'A web ACL costs while idle: `-c waf=ARN` puts one there');
    explain(this.distribution, 'AwsSolutions-CFR3', 'The API logs every access; the page is the same for everybody');
    explain(this.distribution, 'AwsSolutions-CFR4', "The distribution's own name takes no other certificate");
  }

  #places(): cloudfront.Function {
    return new cloudfront.Function(this, 'Places', {
      code: cloudfront.FunctionCode.fromInline(PLACES),
      runtime: cloudfront.FunctionRuntime.JS_2_0,
    });
  }

  #headers(settings: Settings, people: People): cloudfront.ResponseHeadersPolicy {
    const objects = HELD.map((held) => `https://${bucketName(settings, held)}.s3.${Stack.of(this).region}.amazonaws.com`);
    return new cloudfront.ResponseHeadersPolicy(this, 'Headers', {
      securityHeadersBehavior: {
        contentSecurityPolicy: { override: true, contentSecurityPolicy: contentSecurityPolicy(objects.join(' '), people.signIn) },
        contentTypeOptions: { override: true },
        referrerPolicy: { override: true, referrerPolicy: cloudfront.HeadersReferrerPolicy.NO_REFERRER },
        strictTransportSecurity: { override: true, ...strictTransport() },
      },
      customHeadersBehavior: {
        customHeaders: [{ header: 'cross-origin-opener-policy', value: 'same-origin', override: true }],
      },
    });
  }
}

function strictTransport(): { accessControlMaxAge: Duration; includeSubdomains: boolean } {
  const said = readFileSync(STRICT_TRANSPORT, 'utf8').trim();
  const found = /^max-age=(\d+); includeSubDomains$/.exec(said);
  if (found === null) throw new Error(`the distribution cannot say ${said}`);
  return { accessControlMaxAge: Duration.seconds(Number(found[1])), includeSubdomains: true };
}

function contentSecurityPolicy(objects: string, issuer: string): string {
  const directives = readFileSync(POLICY, 'utf8').trimEnd().split('\n');
  return directives.join('; ').replaceAll('{objects}', ` ${objects}`).replaceAll('{issuer}', ` ${issuer}`);
}
