import type { Caller, Files } from '@dfs/files';
import { documentOf, element, field } from '../answers/xml.js';
import { s3Error, type S3Code } from '../errors.js';
import type { Query } from '../http/address.js';
import { BUCKET } from '../limits.js';

/** The one who owns all that is told of here. */
const OWNER = element('Owner', field('ID', BUCKET), field('DisplayName', BUCKET));

/**
 * ListBuckets: the one there is. It was made when its oldest file was, as far as anybody can say.
 */
export async function listBuckets(files: Pick<Files, 'list'>, { prefix }: Caller): Promise<string> {
  const { items } = await files.list({ limit: 1, sort: 'modifiedAt', ...(prefix === '' ? {} : { prefix }) });
  const created = items[0]?.modifiedAt ?? new Date().toISOString();
  return documentOf(
    'ListAllMyBucketsResult',
    OWNER,
    element('Buckets', element('Bucket', field('Name', BUCKET), field('CreationDate', created))),
  );
}

/** Questions about a bucket or an object that have one answer here: a document, or the code that says that there is none. */
const ANSWERS: Readonly<Record<string, { document: string } | { code: S3Code }>> = {
  location: { document: documentOf('LocationConstraint') },
  versioning: { document: documentOf('VersioningConfiguration') },
  accelerate: { document: documentOf('AccelerateConfiguration') },
  logging: { document: documentOf('BucketLoggingStatus') },
  notification: { document: documentOf('NotificationConfiguration') },
  requestPayment: { document: documentOf('RequestPaymentConfiguration', field('Payer', 'BucketOwner')) },
  acl: {
    document: documentOf(
      'AccessControlPolicy',
      OWNER,
      element(
        'AccessControlList',
        element(
          'Grant',
          `<Grantee xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="CanonicalUser">${field('ID', BUCKET)}${field('DisplayName', BUCKET)}</Grantee>`,
          field('Permission', 'FULL_CONTROL'),
        ),
      ),
    ),
  },
  policy: { code: 'NoSuchBucketPolicy' },
  cors: { code: 'NoSuchCORSConfiguration' },
  lifecycle: { code: 'NoSuchLifecycleConfiguration' },
  website: { code: 'NoSuchWebsiteConfiguration' },
  encryption: { code: 'ServerSideEncryptionConfigurationNotFoundError' },
  'object-lock': { code: 'ObjectLockConfigurationNotFoundError' },
  replication: { code: 'ReplicationConfigurationNotFoundError' },
  publicAccessBlock: { code: 'NoSuchPublicAccessBlockConfiguration' },
  ownershipControls: { code: 'OwnershipControlsNotFoundError' },
  tagging: { code: 'NoSuchTagSet' },
};
/** An object has no tags; the answer to that is no error. */
const NO_TAGS = documentOf('Tagging', element('TagSet'));

/** Parts of S3 that are not here at all. */
const MISSING = [
  ...Object.keys(ANSWERS),
  ...[
    'analytics',
    'attributes',
    'intelligent-tiering',
    'inventory',
    'legal-hold',
    'metrics',
    'policyStatus',
    'restore',
  ],
  ...['retention', 'select', 'session', 'torrent', 'versions', 'append', 'renameObject', 'metadataTable'],
];

/**
 * The document for a question that has one answer here, whatever is stored; undefined for any other request.
 * @throws DfsError of S3 that says that there is none, or `NotImplemented`
 */
export function fixedAnswer(method: string, query: Query, isObject: boolean): string | undefined {
  const name = query.first(MISSING);
  if (name === undefined) return undefined;
  const answer = method === 'GET' || method === 'HEAD' ? ANSWERS[name] : undefined;
  if (isObject && name === 'tagging' && answer) return NO_TAGS;
  if (answer === undefined) throw notHere(`?${name}`);
  if ('document' in answer) return answer.document;
  throw s3Error(answer.code, 'There is nothing of that kind here, and none can be made.');
}

/** @param what of S3 */
export function notHere(what: string): Error {
  return s3Error('NotImplemented', `This node has no ${what} by S3: what it has is told in docs/s3.md.`);
}
