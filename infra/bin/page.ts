// Brings the built page into the bucket of a stage, as its deployment has written down where that is:
//
//   tsx bin/page.ts ../web/dist/page cdk.out/outputs.json Lockgate-prod
//
// What older pages named stays: who has one open goes on with it.

import { readFileSync } from 'node:fs';

import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';

import { pageFiles } from '../lib/files.ts';

const [folder, outputs, stack] = process.argv.slice(2);
if (folder === undefined || outputs === undefined || stack === undefined) throw new Error('which page, and where to?');
const deployed = JSON.parse(readFileSync(outputs, 'utf8')) as Record<string, Record<string, string>>;
const Bucket = deployed[stack]?.['PageBucket'];
if (Bucket === undefined) throw new Error(`${outputs} says nothing of the page of ${stack}`);

const client = new S3Client({ forcePathStyle: process.env['AWS_ENDPOINT_URL'] !== undefined });
for (const { path, key, contentType, cacheControl } of pageFiles(folder)) {
  await client.send(
    new PutObjectCommand({ Bucket, Key: key, Body: readFileSync(path), ContentType: contentType, CacheControl: cacheControl }),
  );
}
console.log(`the page is at ${deployed[stack]?.['PageUrl']}`);
