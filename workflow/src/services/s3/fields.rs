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

pub(super) const ACTIONS: [Action; 31] = [
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
    action("putObjectTagging", "PUT", "tagging", true, Outcome::Headers),
    action("deleteObjectTagging", "DELETE", "tagging", true, Outcome::Headers),
    action("getBucketTagging", "GET", "tagging", false, Outcome::Document),
    action("putBucketTagging", "PUT", "tagging", false, Outcome::Headers),
    action("deleteBucketTagging", "DELETE", "tagging", false, Outcome::Headers),
    action("getBucketVersioning", "GET", "versioning", false, Outcome::Document),
    action("deleteBucketCors", "DELETE", "cors", false, Outcome::Headers),
    action("deleteBucketEncryption", "DELETE", "encryption", false, Outcome::Headers),
    action("deleteBucketLifecycle", "DELETE", "lifecycle", false, Outcome::Headers),
    action("deleteBucketPolicy", "DELETE", "policy", false, Outcome::Headers),
    action("deleteBucketWebsite", "DELETE", "website", false, Outcome::Headers),
    action("createMultipartUpload", "POST", "uploads", true, Outcome::Document),
    action("uploadPart", "PUT", "", true, Outcome::Headers),
    action("completeMultipartUpload", "POST", "", true, Outcome::Document),
    action("abortMultipartUpload", "DELETE", "", true, Outcome::Headers),
    action("listParts", "GET", "", true, Outcome::Document),
    action("listMultipartUploads", "GET", "uploads", false, Outcome::Document),
];

/// What these do is told from other actions by what they need of the query.
pub(super) const NEEDS: [(&str, &[&str]); 4] = [
    ("uploadPart", &["UploadId", "PartNumber"]),
    ("completeMultipartUpload", &["UploadId"]),
    ("abortMultipartUpload", &["UploadId"]),
    ("listParts", &["UploadId"]),
];

/// Parameters in the query.
pub(super) const QUERY: [(&str, &str); 23] = [
    ("VersionId", "versionId"),
    ("PartNumber", "partNumber"),
    ("UploadId", "uploadId"),
    ("PartNumberMarker", "part-number-marker"),
    ("MaxParts", "max-parts"),
    ("KeyMarker", "key-marker"),
    ("UploadIdMarker", "upload-id-marker"),
    ("MaxUploads", "max-uploads"),
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
pub(super) const NUMBERS: [&str; 8] =
    ["ContentLength", "MaxKeys", "KeyCount", "Size", "PartsCount", "PartNumber", "MaxParts", "MaxUploads"];
pub(super) const FLAGS: [&str; 3] = ["IsTruncated", "DeleteMarker", "Quiet"];
pub(super) const INSTANTS: [&str; 3] = ["LastModified", "CreationDate", "Initiated"];
/// Elements that are lists of themselves.
pub(super) const LISTS: [&str; 6] = ["Contents", "CommonPrefixes", "Deleted", "Error", "Part", "Upload"];
/// Lists that are not named as the elements are that they are made of.
pub(super) const PLURALS: [(&str, &str); 3] = [("Error", "Errors"), ("Part", "Parts"), ("Upload", "Uploads")];
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
