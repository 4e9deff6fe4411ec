// Where people come in: the page from its bucket, and behind the same name the API, so that the browser takes both for
// one origin.

import { Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import * as cloudfront from 'aws-cdk-lib/aws-cloudfront';
import * as origins from 'aws-cdk-lib/aws-cloudfront-origins';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';

import type { Api } from './api.ts';
import { explain } from './nag.ts';
import type { Settings } from './settings.ts';

/** What the API serves; everything else is the page's. */
const OF_THE_API = ['/api/*', '/xfer', '/xfer/*', '/xcode/*', '/images', '/healthz', '/openapi.json'];

const TWO_YEARS = 63_072_000;

export interface PageProps {
  readonly settings: Settings;
  readonly api: Api;
}

export class Page extends Construct {
  readonly bucket: s3.Bucket;
  readonly url: string;

  constructor(scope: Construct, id: string, { settings, api }: PageProps) {
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
    const distribution = new cloudfront.Distribution(this, 'Distribution', {
      comment: `Lockgate ${settings.stage}`,
      defaultRootObject: 'index.html',
      webAclId: settings.waf,
      defaultBehavior: {
        origin: origins.S3BucketOrigin.withOriginAccessControl(this.bucket),
        viewerProtocolPolicy: cloudfront.ViewerProtocolPolicy.REDIRECT_TO_HTTPS,
        responseHeadersPolicy: this.#headers(),
      },
      additionalBehaviors: Object.fromEntries(OF_THE_API.map((path) => [path, behind])),
      // The page routes by itself.
      errorResponses: [{ httpStatus: 403, responseHttpStatus: 200, responsePagePath: '/index.html' }],
    });
    this.url = `https://${distribution.distributionDomainName}`;
    explain(this.bucket, 'AwsSolutions-S1', 'Only the distribution reads it');
    explain(distribution, 'AwsSolutions-CFR1', 'Whom a stage is open to, its people decide');
    explain(distribution, 'AwsSolutions-CFR2', 'A web ACL costs while idle: `-c waf=ARN` puts one there');
    explain(distribution, 'AwsSolutions-CFR3', 'The API logs every access; the page is the same for everybody');
    explain(distribution, 'AwsSolutions-CFR4', "The distribution's own name takes no other certificate");
  }

  /** The same as the API's own: `service/src/api/edge.rs`. */
  #headers(): cloudfront.ResponseHeadersPolicy {
    const objects = `https://*.s3.${Stack.of(this).region}.amazonaws.com`;
    return new cloudfront.ResponseHeadersPolicy(this, 'Headers', {
      securityHeadersBehavior: {
        contentSecurityPolicy: { override: true, contentSecurityPolicy: contentSecurityPolicy(objects) },
        contentTypeOptions: { override: true },
        referrerPolicy: { override: true, referrerPolicy: cloudfront.HeadersReferrerPolicy.NO_REFERRER },
        strictTransportSecurity: { override: true, accessControlMaxAge: Duration.seconds(TWO_YEARS), includeSubdomains: true },
      },
      customHeadersBehavior: {
        customHeaders: [{ header: 'cross-origin-opener-policy', value: 'same-origin', override: true }],
      },
    });
  }
}

function contentSecurityPolicy(objects: string): string {
  return [
    "default-src 'self'",
    "script-src 'self'",
    "style-src 'self'",
    `img-src 'self' data: blob: ${objects}`,
    `media-src 'self' blob: ${objects}`,
    `connect-src 'self' ${objects}`,
    "object-src 'none'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
    "form-action 'self'",
    "require-trusted-types-for 'script'",
    'trusted-types angular angular#bundler',
  ].join('; ');
}
