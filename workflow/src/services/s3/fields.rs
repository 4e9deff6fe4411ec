//! Where each parameter of S3 stands in a request, and where each field of a result stands in an answer.

/// An action: its method, and what its target says beside bucket and key.
pub(super) struct Action {
    pub(super) name: &'static str,
    pub(super) method: &'static str,
    pub(super) query: &'static str,
    pub(super) has_key: bool,
    pub(super) result: Outcome,
}

/// Where the result of an action stands.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    /// In the headers alone.
    Headers,
    /// The headers say what the object is.
    Object,
    /// And its content is the body.
    Content,
    /// In an XML document.
    Document,
}

const fn action(
    name: &'static str,
    method: &'static str,
    query: &'static str,
    has_key: bool,
    result: Outcome,
) -> Action {
    Action { name, method, query, has_key, result }
}

pub(super) const ACTIONS: [Action; 15] = [
    action("getObject", "GET", "", true, Outcome::Content),
    action("headObject", "HEAD", "", true, Outcome::Object),
    action("putObject", "PUT", "", true, Outcome::Headers),
    action("deleteObject", "DELETE", "", true, Outcome::Headers),
    action("copyObject", "PUT", "", true, Outcome::Document),
    action("deleteObjects", "POST", "delete", false, Outcome::Document),
    action("listObjectsV2", "GET", "list-type=2", false, Outcome::Document),
    action("listObjects", "GET", "", false, Outcome::Document),
    action("listBuckets", "GET", "", false, Outcome::Document),
    action("headBucket", "HEAD", "", false, Outcome::Headers),
    action("createBucket", "PUT", "", false, Outcome::Headers),
    action("deleteBucket", "DELETE", "", false, Outcome::Headers),
    action("getBucketLocation", "GET", "location", false, Outcome::Document),
    action("getObjectTagging", "GET", "tagging", true, Outcome::Document),
    action("deleteObjectTagging", "DELETE", "tagging", true, Outcome::Headers),
];

/// Parameters in the query.
pub(super) const QUERY: [(&str, &str); 17] = [
    ("VersionId", "versionId"),
    ("PartNumber", "partNumber"),
    ("Prefix", "prefix"),
    ("Delimiter", "delimiter"),
    ("MaxKeys", "max-keys"),
    ("MaxBuckets", "max-buckets"),
    ("ContinuationToken", "continuation-token"),
    ("StartAfter", "start-after"),
    ("FetchOwner", "fetch-owner"),
    ("Marker", "marker"),
    ("EncodingType", "encoding-type"),
    ("ResponseCacheControl", "response-cache-control"),
    ("ResponseContentDisposition", "response-content-disposition"),
    ("ResponseContentEncoding", "response-content-encoding"),
    ("ResponseContentLanguage", "response-content-language"),
    ("ResponseContentType", "response-content-type"),
    ("ResponseExpires", "response-expires"),
];

/// Parameters and fields of results in headers.
pub(super) const HEADERS: [(&str, &str); 32] = [
    ("AcceptRanges", "accept-ranges"),
    ("Acl", "x-amz-acl"),
    ("CacheControl", "cache-control"),
    ("ContentDisposition", "content-disposition"),
    ("ContentEncoding", "content-encoding"),
    ("ContentLanguage", "content-language"),
    ("ContentLength", "content-length"),
    ("ContentMD5", "content-md5"),
    ("ContentRange", "content-range"),
    ("ContentType", "content-type"),
    ("CopySource", "x-amz-copy-source"),
    ("CopySourceIfMatch", "x-amz-copy-source-if-match"),
    ("CopySourceVersionId", "x-amz-copy-source-version-id"),
    ("DeleteMarker", "x-amz-delete-marker"),
    ("ETag", "etag"),
    ("ExpectedBucketOwner", "x-amz-expected-bucket-owner"),
    ("Expiration", "x-amz-expiration"),
    ("Expires", "expires"),
    ("IfMatch", "if-match"),
    ("IfModifiedSince", "if-modified-since"),
    ("IfNoneMatch", "if-none-match"),
    ("IfUnmodifiedSince", "if-unmodified-since"),
    ("LastModified", "last-modified"),
    ("MetadataDirective", "x-amz-metadata-directive"),
    ("Range", "range"),
    ("RequestPayer", "x-amz-request-payer"),
    ("ServerSideEncryption", "x-amz-server-side-encryption"),
    ("SsekmsKeyId", "x-amz-server-side-encryption-aws-kms-key-id"),
    ("StorageClass", "x-amz-storage-class"),
    ("Tagging", "x-amz-tagging"),
    ("TaggingDirective", "x-amz-tagging-directive"),
    ("VersionId", "x-amz-version-id"),
];

/// What a header says of an object, and not of an answer without one.
pub(super) const OF_OBJECTS: [&str; 4] = ["AcceptRanges", "ContentLength", "ContentType", "LastModified"];
/// Fields that are numbers.
pub(super) const NUMBERS: [&str; 5] = ["ContentLength", "MaxKeys", "KeyCount", "Size", "PartsCount"];
pub(super) const FLAGS: [&str; 3] = ["IsTruncated", "DeleteMarker", "Quiet"];
pub(super) const INSTANTS: [&str; 2] = ["LastModified", "CreationDate"];
/// Elements that are lists of themselves.
pub(super) const LISTS: [&str; 4] = ["Contents", "CommonPrefixes", "Deleted", "Error"];
/// Elements that stand inside a list.
pub(super) const MEMBERS: [&str; 2] = ["Bucket", "Tag"];
/// Errors that the service's model knows; every other one is an `S3Exception`.
pub(super) const MODELLED: [&str; 8] = [
    "BucketAlreadyExists",
    "BucketAlreadyOwnedByYou",
    "InvalidObjectState",
    "NoSuchBucket",
    "NoSuchKey",
    "NoSuchUpload",
    "ObjectAlreadyInActiveTierError",
    "ObjectNotInActiveTierError",
];
