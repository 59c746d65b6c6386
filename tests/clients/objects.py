"""S3: conditional writes, checksums, uploads in parts, lists, tags."""

import base64
import hashlib
import zlib

from botocore.config import Config
import os

from botocore.exceptions import ClientError

from check import ONCE, client, order, refused, stranger

s3 = client("s3")
MIB = 1024 * 1024


def b64(data):
    return base64.b64encode(data).decode()


# Buckets.
s3.create_bucket(Bucket="first-bucket")
s3.create_bucket(Bucket="first-bucket")
west = client("s3", region_name="eu-west-1")
with refused("IllegalLocationConstraintException"):
    west.create_bucket(Bucket="second-bucket")
there = {"LocationConstraint": "eu-west-1"}
west.create_bucket(Bucket="second-bucket", CreateBucketConfiguration=there)
with refused("BucketAlreadyOwnedByYou", status=409):
    west.create_bucket(Bucket="second-bucket", CreateBucketConfiguration=there)
assert s3.get_bucket_location(Bucket="second-bucket")["LocationConstraint"] == "eu-west-1"
assert s3.get_bucket_location(Bucket="first-bucket")["LocationConstraint"] is None
assert [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]] == ["first-bucket", "second-bucket"]
with refused("404"):
    s3.head_bucket(Bucket="no-such-bucket")
with refused("SignatureDoesNotMatch", status=403):
    stranger("s3", os.environ["AWS_ACCESS_KEY_ID"], "wrong").list_buckets()

# Put, get, head.
B = {"Bucket": "first-bucket"}
body = b"bundle" * 1000
sha = b64(hashlib.sha256(body).digest())
put = s3.put_object(**B, Key="a", Body=body, ChecksumAlgorithm="SHA256", Metadata={"digest": "abc"}, Tagging="k=v%20w",
                    ContentType="application/zip")
assert put["ChecksumSHA256"] == sha, put
head = s3.head_object(**B, Key="a", ChecksumMode="ENABLED")
assert head["ChecksumSHA256"] == sha and head["ChecksumType"] == "FULL_OBJECT", head
assert head["ContentLength"] == 6000 and head["Metadata"] == {"digest": "abc"}, head
assert head["ContentType"] == "application/zip" and head["ETag"] == '"%s"' % hashlib.md5(body).hexdigest(), head
assert "ChecksumSHA256" not in s3.head_object(**B, Key="a")
s3.put_object(**B, Key="crc", Body=body)
crc = b64(zlib.crc32(body).to_bytes(4, "big"))
assert s3.head_object(**B, Key="crc", ChecksumMode="ENABLED")["ChecksumCRC32"] == crc
assert s3.get_object(**B, Key="a", ChecksumMode="ENABLED")["Body"].read() == body
part = s3.get_object(**B, Key="a", Range="bytes=6-11")
assert part["Body"].read() == b"bundle" and part["ContentRange"] == "bytes 6-11/6000", part
assert part["ResponseMetadata"]["HTTPStatusCode"] == 206
with refused("InvalidRange", status=416):
    s3.get_object(**B, Key="a", Range="bytes=6000-")
with refused("NoSuchKey", status=404):
    s3.get_object(**B, Key="none")
with refused("NoSuchBucket", status=404):
    s3.put_object(Bucket="no-such-bucket", Key="a", Body=b"")
with refused("304"):
    s3.get_object(**B, Key="a", IfNoneMatch=head["ETag"])
with refused("PreconditionFailed", status=412):
    s3.get_object(**B, Key="a", IfMatch='"other"')

# A write that is refused leaves what was there.
with refused("PreconditionFailed", status=412):
    s3.put_object(**B, Key="a", Body=b"other", IfNoneMatch="*")
with refused("PreconditionFailed", status=412):
    s3.put_object(**B, Key="a", Body=b"other", IfMatch='"other"')
with refused("BadDigest", status=400):
    s3.put_object(**B, Key="a", Body=b"other", ChecksumSHA256=sha)
with refused("BadDigest", status=400):
    s3.put_object(**B, Key="a", Body=b"other", ContentMD5=b64(hashlib.md5(b"x").digest()))
assert s3.get_object(**B, Key="a")["Body"].read() == body
s3.put_object(**B, Key="new", Body=b"1", IfNoneMatch="*")
s3.put_object(**B, Key="new", Body=b"2", IfMatch='"%s"' % hashlib.md5(b"1").hexdigest())
assert s3.get_object(**B, Key="new")["Body"].read() == b"2"

# Names that a file system would stumble over.
for key in ["a/b", "a/b/", "..", "é ü/+&?#%", "x" * 1024]:
    s3.put_object(**B, Key=key, Body=key.encode())
    assert s3.get_object(**B, Key=key)["Body"].read() == key.encode(), key
with refused("KeyTooLongError", status=400):
    s3.put_object(**B, Key="x" * 1025, Body=b"")
s3.delete_objects(**B, Delete={"Objects": [{"Key": key} for key in ["a/b/", "..", "é ü/+&?#%", "x" * 1024, "none"]]})

# Lists.
keys = [entry["Key"] for entry in s3.list_objects_v2(**B)["Contents"]]
assert keys == ["a", "a/b", "crc", "new"], keys
entry = s3.list_objects_v2(**B, Prefix="a")["Contents"][0]
assert entry["ETag"] == head["ETag"] and entry["Size"] == 6000, entry
pages = list(s3.get_paginator("list_objects_v2").paginate(**B, PaginationConfig={"PageSize": 3}))
assert [len(page["Contents"]) for page in pages] == [3, 1]
pages = list(s3.get_paginator("list_objects").paginate(**B, PaginationConfig={"PageSize": 3}))
assert [len(page["Contents"]) for page in pages] == [3, 1]
level = s3.list_objects_v2(**B, Delimiter="/")
assert [group["Prefix"] for group in level["CommonPrefixes"]] == ["a/"], level
assert [entry["Key"] for entry in level["Contents"]] == ["a", "crc", "new"], level

# Tags, copies, attributes.
assert s3.get_object_tagging(**B, Key="a")["TagSet"] == [{"Key": "k", "Value": "v w"}]
s3.put_object_tagging(**B, Key="a", Tagging={"TagSet": [{"Key": "x", "Value": "y"}]})
s3.copy_object(**B, Key="copy", CopySource={**B, "Key": "a"})
assert s3.get_object_tagging(**B, Key="copy")["TagSet"] == [{"Key": "x", "Value": "y"}]
assert s3.head_object(**B, Key="copy")["Metadata"] == {"digest": "abc"}
s3.delete_object_tagging(**B, Key="a")
assert s3.get_object_tagging(**B, Key="a")["TagSet"] == []
found = s3.get_object_attributes(**B, Key="copy", ObjectAttributes=["ETag", "Checksum", "ObjectSize"])
assert found["ObjectSize"] == 6000 and found["Checksum"]["ChecksumSHA256"] == sha, found

# Uploads in parts.
M = {**B, "Key": "big"}
upload = s3.create_multipart_upload(**M, ChecksumAlgorithm="CRC32", Metadata={"m": "1"}, Tagging="t=1")["UploadId"]
other = s3.create_multipart_upload(**B, Key="zzz")["UploadId"]
U = {**M, "UploadId": upload}
pieces = [b"1" * (5 * MIB), b"2" * (6 * MIB), b"3"]
parts = []
for number, piece in enumerate(pieces, 1):
    answer = s3.upload_part(**U, PartNumber=number, Body=piece, ChecksumAlgorithm="CRC32")
    parts.append({"PartNumber": number, "ETag": answer["ETag"], "ChecksumCRC32": answer["ChecksumCRC32"]})
listed = s3.list_parts(**U)
assert [(part["PartNumber"], part["Size"], part["ETag"], part["ChecksumCRC32"]) for part in listed["Parts"]] == [
    (part["PartNumber"], len(piece), part["ETag"], part["ChecksumCRC32"]) for part, piece in zip(parts, pieces)
]
pages = list(s3.get_paginator("list_parts").paginate(**U, PaginationConfig={"PageSize": 2}))
assert [len(page["Parts"]) for page in pages] == [2, 1]
assert [found["Key"] for found in s3.list_multipart_uploads(**B)["Uploads"]] == ["big", "zzz"]
pages = list(s3.get_paginator("list_multipart_uploads").paginate(**B, PaginationConfig={"PageSize": 1}))
assert [page["Uploads"][0]["UploadId"] for page in pages] == [upload, other]
assert [found["Key"] for found in s3.list_multipart_uploads(**B, Prefix="z")["Uploads"]] == ["zzz"]
with refused("InvalidPartOrder"):
    s3.complete_multipart_upload(**U, MultipartUpload={"Parts": parts[::-1]})
with refused("InvalidPart"):
    s3.complete_multipart_upload(**U, MultipartUpload={"Parts": [{**parts[0], "ETag": '"wrong"'}]})
with refused("EntityTooSmall"):
    s3.upload_part(**U, PartNumber=4, Body=b"4")
    s3.complete_multipart_upload(**U, MultipartUpload={"Parts": [parts[2], {"PartNumber": 4, "ETag": '"a87ff679a2f3e71d9181a67b7542122c"'}]})
with refused("BadDigest"):
    s3.upload_part(**U, PartNumber=5, Body=b"5", ChecksumCRC32="AAAAAA==")
s3.put_object(**M, Body=b"in the way")
with refused("PreconditionFailed"):
    s3.complete_multipart_upload(**U, MultipartUpload={"Parts": parts}, IfNoneMatch="*")
# After all the refusals the upload is as it was.
done = s3.complete_multipart_upload(**U, MultipartUpload={"Parts": parts})
md5s = b"".join(hashlib.md5(piece).digest() for piece in pieces)
assert done["ETag"] == '"%s-3"' % hashlib.md5(md5s).hexdigest(), done
crcs = b"".join(zlib.crc32(piece).to_bytes(4, "big") for piece in pieces)
assert done["ChecksumCRC32"] == b64(zlib.crc32(crcs).to_bytes(4, "big")) + "-3", done
head = s3.head_object(**M, ChecksumMode="ENABLED")
assert head["ContentLength"] == 11 * MIB + 1 and head["ChecksumType"] == "COMPOSITE" and head["Metadata"] == {"m": "1"}, head
assert s3.get_object_tagging(**M)["TagSet"] == [{"Key": "t", "Value": "1"}]
assert s3.get_object(**M)["Body"].read() == b"".join(pieces)
with refused("NoSuchUpload", status=404):
    s3.complete_multipart_upload(**U, MultipartUpload={"Parts": parts})
with refused("NoSuchUpload"):
    s3.list_parts(**U)
s3.abort_multipart_upload(**B, Key="zzz", UploadId=other)
assert "Uploads" not in s3.list_multipart_uploads(**B)
with refused("NoSuchUpload"):
    s3.upload_part(**B, Key="zzz", UploadId=other, PartNumber=1, Body=b"late")
with refused("NoSuchUpload"):
    s3.abort_multipart_upload(**B, Key="zzz", UploadId="../../etc")
whole = s3.create_multipart_upload(**M, ChecksumAlgorithm="CRC32", ChecksumType="FULL_OBJECT")["UploadId"]
part = s3.upload_part(**M, UploadId=whole, PartNumber=1, Body=b"all", ChecksumAlgorithm="CRC32")
one = [{"PartNumber": 1, "ETag": part["ETag"]}]
with refused("BadDigest"):
    s3.complete_multipart_upload(**M, UploadId=whole, MultipartUpload={"Parts": one}, ChecksumCRC32="AAAAAA==",
                                 ChecksumType="FULL_OBJECT")
done = s3.complete_multipart_upload(**M, UploadId=whole, MultipartUpload={"Parts": one}, ChecksumType="FULL_OBJECT")
assert done["ChecksumCRC32"] == b64(zlib.crc32(b"all").to_bytes(4, "big")), done

# Parts that are ranges of another object.
S = {**B, "Key": "source +é"}
source = b"".join(pieces)
etag = s3.put_object(**S, Body=source)["ETag"]
where = s3.create_multipart_upload(**B, Key="copied +é", ChecksumAlgorithm="SHA256")["UploadId"]
U = {**B, "Key": "copied +é", "UploadId": where}


def copied(number, first, last, **more):
    return s3.upload_part_copy(**U, PartNumber=number, CopySource=S, CopySourceRange=f"bytes={first}-{last}", **more)


ranges = [(3, 5 * MIB + 2), (0, 5 * MIB + 6), (11 * MIB, 11 * MIB)]
parts = []
for number, (first, last) in enumerate(ranges, 1):
    answer = copied(number, first, last, CopySourceIfMatch=etag)["CopyPartResult"]
    content = source[first : last + 1]
    assert answer["ChecksumSHA256"] == b64(hashlib.sha256(content).digest()), answer
    assert answer["ETag"] == '"%s"' % hashlib.md5(content).hexdigest(), answer
    parts.append({"PartNumber": number, "ETag": answer["ETag"], "ChecksumSHA256": answer["ChecksumSHA256"]})
with refused("PreconditionFailed", status=412):
    copied(1, 0, 9, CopySourceIfMatch='"other"')
with refused("InvalidArgument"):
    copied(1, 0, 11 * MIB + 1)
with refused("InvalidRequest", "byte-range"):
    s3.upload_part_copy(**U, PartNumber=1, CopySource={**B, "Key": "a"}, CopySourceRange="bytes=0-1")
with refused("NoSuchKey", status=404):
    s3.upload_part_copy(**U, PartNumber=1, CopySource={**B, "Key": "none"})
with refused("NoSuchUpload", status=404):
    s3.upload_part_copy(**{**U, "UploadId": "none"}, PartNumber=1, CopySource=S)
for owner in ["ExpectedBucketOwner", "ExpectedSourceBucketOwner"]:
    with refused("AccessDenied", status=403):
        copied(1, 0, 9, **{owner: "210987654321"})
    copied(1, *ranges[0], **{owner: "123456789012"})
done = s3.complete_multipart_upload(**U, MultipartUpload={"Parts": parts})
content = b"".join(source[first : last + 1] for first, last in ranges)
assert s3.get_object(**B, Key="copied +é")["Body"].read() == content
sums = b"".join(hashlib.sha256(source[first : last + 1]).digest() for first, last in ranges)
assert done["ChecksumSHA256"] == b64(hashlib.sha256(sums).digest()) + "-3", done
found = s3.get_object_attributes(**B, Key="copied +é", ObjectAttributes=["ObjectParts"], MaxParts=2)["ObjectParts"]
assert found["TotalPartsCount"] == 3 and found["IsTruncated"] and found["NextPartNumberMarker"] == 2, found
sizes = [(part["PartNumber"], part["Size"]) for part in found["Parts"]]
assert sizes == [(1, 5 * MIB), (2, 5 * MIB + 7)], sizes
assert found["Parts"][1]["ChecksumSHA256"] == parts[1]["ChecksumSHA256"], found
rest = s3.get_object_attributes(**B, Key="copied +é", ObjectAttributes=["ObjectParts"], PartNumberMarker=2)["ObjectParts"]
assert [part["Size"] for part in rest["Parts"]] == [1] and not rest["IsTruncated"], rest

# What goes wrong with them.
where = s3.create_multipart_upload(**B, Key="copied", ChecksumAlgorithm="SHA256")["UploadId"]
U = {**B, "Key": "copied", "UploadId": where}


def fault(name):
    order({"on": "UploadPartCopy", "fault": name})


fault("error-200")
try:
    copied(1, 0, 9)
    raise AssertionError("an error under the status 200 went unnoticed")
except ClientError as error:
    assert error.response["Error"]["Code"] == "InternalError", error.response
fault("no-checksum")
assert "ChecksumSHA256" not in copied(1, 0, 9)["CopyPartResult"]
fault("wrong-checksum")
answer = copied(1, 0, 9)["CopyPartResult"]
spoilt = bytes([source[0] ^ 1]) + source[1:10]
assert answer["ChecksumSHA256"] == b64(hashlib.sha256(spoilt).digest()), answer
fault("source-changes")
with refused("PreconditionFailed", status=412):
    copied(1, 0, 9, CopySourceIfMatch=etag)
assert s3.head_object(**S)["ETag"] != etag
s3.abort_multipart_upload(**U)

# The transfer manager, and a presigned URL.
s3.upload_file(__file__, B["Bucket"], "file")
import urllib.request

url = client("s3", config=ONCE.merge(Config(signature_version="s3v4"))).generate_presigned_url("get_object", Params={**B, "Key": "file"})
assert urllib.request.urlopen(url).read() == open(__file__, "rb").read()

with refused("BucketNotEmpty", status=409):
    s3.delete_bucket(**B)
west.delete_bucket(Bucket="second-bucket")
s3.delete_object(**B, Key="file")
s3.delete_object(**B, Key="file")
