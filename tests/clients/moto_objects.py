"""What is in moto's bucket, and what is unfinished there. `part FILE KEY` begins an upload and leaves its first part."""

import base64
import hashlib
import json
import sys

import boto3

BUCKET = "elasticbeanstalk-us-east-1-123456789012"
PART = 8 << 20
s3 = boto3.client("s3")

match sys.argv[1:]:
    case ["bucket"]:
        s3.create_bucket(Bucket=BUCKET)
    case ["part", file, key]:
        with open(file, "rb") as opened:
            first = opened.read(PART)
        digest = key.split("/")[-1].removesuffix(".zip")
        begun = s3.create_multipart_upload(
            Bucket=BUCKET, Key=key, ChecksumAlgorithm="SHA256", Metadata={"beansprout-digest": digest}
        )
        upload = begun["UploadId"]
        checksum = base64.b64encode(hashlib.sha256(first).digest()).decode()
        part = {"Bucket": BUCKET, "Key": key, "UploadId": upload, "PartNumber": 1}
        s3.upload_part(Body=first, ChecksumSHA256=checksum, **part)
    case ["plant", key, text]:
        s3.put_object(Bucket=BUCKET, Key=key, Body=text.encode())
    case ["list"]:
        objects = []
        for listed in s3.list_objects_v2(Bucket=BUCKET).get("Contents", []):
            found = s3.get_object(Bucket=BUCKET, Key=listed["Key"])
            body = found["Body"].read()
            objects.append(
                {
                    "key": listed["Key"],
                    "bytes": len(body),
                    "sha256": hashlib.sha256(body).hexdigest(),
                    "metadata": found["Metadata"],
                }
            )
        uploads = s3.list_multipart_uploads(Bucket=BUCKET).get("Uploads", [])
        print(json.dumps({"objects": objects, "uploads": len(uploads)}))
